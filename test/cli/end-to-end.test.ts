/** The command line against the local pipeline: options, Lambda's wire, the real script on a fake tree. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runCli } from '../../cli/program.ts';
import { parseSettings } from '../../lambda/domain/settings.ts';
import { type LambdaEndpoint, startLambda } from '../../local/endpoints/lambda.ts';
import { makeFakePod } from '../../local/fake-pod.ts';
import { type Pipeline, startPipeline } from '../../local/pipeline.ts';
import type { StuckPod } from '../../local/stuck-pod.ts';
import { fakeTerminal } from './fake-terminal.ts';

const NODE = 'ip-10-0-1-5.eu-central-1.compute.internal';
const INSTANCE = 'i-0123456789abcdef0';
let pod: StuckPod;
let pipeline: Pipeline;
let lambda: LambdaEndpoint;

beforeEach(async () => {
  pod = await makeFakePod();
  await start('thaw');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all([lambda.close(), pipeline.close()]);
  await pod.remove();
});

async function start(mode: 'thaw' | 'observe'): Promise<void> {
  const clusters = [{ name: 'demo' }];
  const windows = { settleSeconds: 1, waitSeconds: 2, confirmSeconds: 5 };
  const tags = { 'kubernetes.io/cluster/demo': 'owned' };
  pipeline = await startPipeline({
    settings: parseSettings({ mode, clusters, ...windows }),
    nodes: [{ instanceId: INSTANCE, privateDnsName: NODE, tags }],
    ssm: { environment: pod.environment },
  });
  const deletionTimestamp = new Date(Date.now() - 300_000).toISOString();
  pipeline.kubernetes.pods.add(
    {
      metadata: { namespace: 'shop', name: 'cart-0', uid: pod.uid, deletionTimestamp },
      spec: { nodeName: NODE },
    },
    { goneWhen: pod.gone },
  );
  lambda = await startLambda([
    ['podthaw-remediate', { handler: (event) => pipeline.invoke(event) }],
  ]);
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', lambda.url);
}

test('check names the frozen pod, changes nothing, and exits 1', async () => {
  const terminal = fakeTerminal();
  expect(await runCli(['check', '--cluster', 'demo'], terminal)).toBe(1);
  const [table = ''] = terminal.printed;
  expect(table).toContain('shop/cart-0 is frozen; a thaw would free it (cluster demo)');
  expect(table).toMatch(/^POD +NODE +OVERDUE +OUTCOME +CAUSE/m);
  expect(table).toMatch(
    /^shop\/cart-0 +i-0123456789abcdef0 +5 min +frozen and only looked at +paused/m,
  );
  expect(table).toContain('npx podthaw thaw --cluster demo --pod shop/cart-0');
  expect(await pod.gone()).toBe(false);
});

test('thaw looks, asks, and thaws just what it named', async () => {
  const terminal = fakeTerminal('y');
  expect(await runCli(['thaw', '--pod', 'shop/cart-0'], terminal)).toBe(0);
  expect(terminal.asked).toEqual(['\nThaw shop/cart-0? [y/N] ']);
  expect(terminal.printed.join()).toContain('[x] thawed');
  expect(terminal.printed.join()).toContain('[x] pod gone from the API');
  expect(terminal.noted.join('\n')).toMatch(
    /podthaw-remediate:live looks at .* … .*\ndone after \d+ s/,
  );
  expect(await pod.gone()).toBe(true);
});

test.each(['n', '', 'yess'])('thaw takes "%s" for no', async (answer) => {
  const terminal = fakeTerminal(answer);
  expect(await runCli(['thaw', '--pod', 'shop/cart-0'], terminal)).toBe(2);
  expect(terminal.noted.at(-1)).toBe('Nothing was thawed.');
  expect(await pod.gone()).toBe(false);
});

test('thaw --yes --json prints the outcome and nothing else', async () => {
  const terminal = fakeTerminal();
  expect(await runCli(['thaw', '--yes', '--json'], terminal)).toBe(0);
  expect(JSON.parse(terminal.printed.join(''))).toMatchObject({
    cluster: 'demo',
    trigger: { kind: 'manual' },
    pods: [{ namespace: 'shop', name: 'cart-0', outcome: 'deleted' }],
  });
});

test('thaw without a terminal asks nobody and sends nothing', async () => {
  const terminal = fakeTerminal();
  expect(await runCli(['thaw'], terminal)).toBe(2);
  expect(terminal.noted.at(-1)).toContain('add --yes');
  expect(lambda.calls.get('Invoke')).toBeUndefined();
});

test('a deployment that observes says that nothing was thawed', async () => {
  await Promise.all([lambda.close(), pipeline.close()]);
  await start('observe');
  const terminal = fakeTerminal();
  expect(await runCli(['thaw', '--yes'], terminal)).toBe(1);
  expect(terminal.noted.join()).toContain('mode: observe');
  expect(await pod.gone()).toBe(false);
});

test('a cluster that the deployment does not know: its own words, exit 2', async () => {
  const terminal = fakeTerminal();
  expect(await runCli(['check', '--cluster', 'prod'], terminal)).toBe(2);
  expect(terminal.noted.at(-1)).toBe('cluster: got "prod", expected one of demo');
});

test('nothing stuck exits 0', async () => {
  pipeline.kubernetes.pods.delete(pod.uid);
  const terminal = fakeTerminal();
  expect(await runCli(['check'], terminal)).toBe(0);
  expect(terminal.printed).toEqual(['Nothing was stuck in cluster demo']);
});

test('the program itself, as a process: its streams and its exit code', async () => {
  const program = new URL('../../cli/podthaw.ts', import.meta.url).pathname;
  const args = [program, 'check', '--json', '--pod', 'shop/cart-0'];
  const failed: unknown = await promisify(execFile)(process.execPath, args).catch(
    (e: unknown) => e,
  );
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('done after') });
  const { stdout } = failed as { stdout: string };
  expect(JSON.parse(stdout)).toMatchObject({ pods: [{ outcome: 'would-thaw' }] });
});
