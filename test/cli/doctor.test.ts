/** The doctor on an account that is well, and with each thing ill that a first deployment gets wrong. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runCli } from '../../cli/program.ts';
import { failing } from '../../local/endpoints/faults.ts';
import { sampleOutcome } from '../lambda/domain/message/samples.ts';
import { instance, startAccount } from './account.ts';
import { fakeTerminal } from './fake-terminal.ts';

type Account = Awaited<ReturnType<typeof startAccount>>;
let account: Account;

beforeEach(async () => {
  account = await startAccount();
  for (const [service, { url }] of Object.entries(account.endpoints)) {
    vi.stubEnv(`AWS_ENDPOINT_URL_${service}`, url);
  }
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDLOOPBACK');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'a-secret-of-the-tests');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await account.close();
});

async function doctor(...args: string[]) {
  const terminal = fakeTerminal();
  const code = await runCli(['doctor', ...args], terminal);
  return { code, out: terminal.printed.join('\n') };
}

test('an account that is well: each check says so, and nothing was sent or posted', async () => {
  const { code, out } = await doctor();
  expect(out.split('\n').map((line) => line.replace(/:.*/, ''))).toEqual([
    'ok       deployment',
    'ok       alarms',
    'ok       schedule',
    'ok       you',
    'ok       cluster prod',
    'ok       access to prod',
    'ok       access to prod',
    'ok       access to prod',
    'ok       look at prod',
    'ok       nodes of prod',
    'ok       nodes of prod',
    'ok       topic',
    'ok       Slack',
  ]);
  expect(code).toBe(0);
  expect(account.slack.messages).toEqual([]);
  expect(account.ssm.calls.get('SendCommand')).toBeUndefined();
  expect(out).not.toContain('/services/');
});

const remediate = (a: Account) => {
  const found = a.lambda.functions.get('podthaw-remediate');
  if (found === undefined) throw new Error('no function');
  return found;
};

describe('ill, with its remedy:', () => {
  test.each<[string, (a: Account) => unknown, string, string]>([
    [
      'nothing deployed',
      (a) => a.lambda.functions.clear(),
      'there is no function podthaw-remediate',
      'docs/deploy.md',
    ],
    [
      'alarms that may not invoke',
      (a) => delete remediate(a).policy,
      'CloudWatch alarms may not invoke',
      'aws lambda add-permission',
    ],
    ['a cluster that is not ready', (a) => (a.eks.status = 'CREATING'), 'is CREATING', 'Wait'],
    [
      'a private endpoint without a VPC',
      (a) => (a.eks.publicEndpoint = false),
      'its endpoint is private',
      '"vpc"',
    ],
    [
      'no access entries',
      (a) => a.eks.entries.clear(),
      'podthaw-remediate has no access entry',
      '"access": "view"',
    ],
    [
      'an access entry that allows nothing',
      (a) => {
        for (const role of a.eks.entries.keys()) a.eks.entries.set(role, []);
      },
      'allows nothing',
      '"access"',
    ],
    [
      'a cluster that refuses podthaw',
      (a) => {
        remediate(a).handler = async () =>
          sampleOutcome([], { problem: 'The API refuses podthaw (403).' });
      },
      'The API refuses podthaw',
      'docs/runbook.md',
    ],
    [
      'no tagged nodes',
      (a) => a.ec2.instances.clear(),
      'no running instance has the tag kubernetes.io/cluster/prod=owned',
      'instanceTagKey',
    ],
    [
      'a node that SSM does not manage',
      (a) => a.ec2.instances.set('i-0aaaaaaaaaaaaaaaa', instance('i-0aaaaaaaaaaaaaaaa')),
      'SSM does not manage i-0aaaaaaaaaaaaaaaa',
      'AmazonSSMManagedInstanceCore',
    ],
    [
      'an agent that is silent',
      (a) =>
        a.ssm.instances.set('i-0123456789abcdef0', {
          instanceId: 'i-0123456789abcdef0',
          pingStatus: 'ConnectionLost',
        }),
      'does not answer on i-0123456789abcdef0 (ConnectionLost',
      'Restart the agent',
    ],
    ['nobody subscribed', (a) => (a.subscriptions.confirmed = 0), 'nobody is subscribed', 'emails'],
    [
      'a mail not confirmed',
      (a) => (a.subscriptions.pending = 1),
      '1 subscriptions wait',
      'Follow the link',
    ],
    [
      'a webhook that is revoked',
      (a) => a.secrets.secrets.set('podthaw/slack', `${a.slack.webhookUrl}0`),
      'Slack does not know the webhook (403 invalid_token)',
      'Make a new incoming webhook',
    ],
  ])('%s', async (_, makeIll, detail, remedy) => {
    makeIll(account);
    const { code, out } = await doctor();
    expect(code).toBe(1);
    const lines = out.split('\n');
    const at = lines.findIndex((line) => line.startsWith('ILL') && line.includes(detail));
    expect(at, out).toBeGreaterThanOrEqual(0);
    expect(lines[at + 1]).toMatch(/^ {9}→ /);
    expect(lines[at + 1]).toContain(remedy);
  });
});

describe('neither well nor ill:', () => {
  test('what may not be read: the other checks go on', async () => {
    account.ssm.faults.when('*', () => failing('AccessDeniedException', 400, 'not you'));
    const { code, out } = await doctor();
    expect(out).toContain(
      'unknown  nodes of prod: could not be checked (AccessDeniedException: not you)',
    );
    expect(out).toContain('ok       topic');
    expect(code).toBe(0);
  });

  test('a cluster on aws-auth alone, whose ConfigMap cannot be seen from here', async () => {
    account.eks.mode = 'CONFIG_MAP';
    const { out } = await doctor();
    expect(out).toMatch(/^unknown {2}access to prod: its authentication mode is CONFIG_MAP/m);
    expect(out).toContain('authenticationMode=API_AND_CONFIG_MAP');
  });

  test('an old agent, which still works', async () => {
    const instanceId = 'i-0123456789abcdef0';
    account.ssm.instances.set(instanceId, { instanceId, agentVersion: '3.3.2299.0' });
    const { code, out } = await doctor();
    expect(out).toContain('unknown  nodes of prod: an agent before 3.3.2746');
    expect(code).toBe(0);
  });
});

test.each(['deployment could not be read', '--json'])(
  'a doctor that could examine nothing does not say that all is well: %s',
  async (how) => {
    account.lambda.faults.when('*', () => failing('AccessDeniedException', 403, 'not you'));
    const { code, out } = await doctor(...(how === '--json' ? ['--json'] : []));
    expect(out).toContain('could not be checked (AccessDeniedException: not you)');
    expect(out).toContain('--profile');
    expect(code).toBe(3);
  },
);

test('--json prints findings', async () => {
  const { out } = await doctor('--json');
  expect(JSON.parse(out)).toContainEqual({
    check: 'deployment',
    state: 'well',
    detail: 'mode observe, clusters prod',
  });
});
