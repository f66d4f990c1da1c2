/** Every API that throttles, and every API that denies: the first is outlasted, the second told at once. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type Fault, failing, throttled } from '../../local/endpoints/faults.ts';
import { tooManyRequests } from '../../local/endpoints/kubernetes.ts';
import type { Endpoint } from '../../local/endpoints/server.ts';
import type { Pipeline } from '../../local/pipeline.ts';
import { type FleetPod, makeFleet } from './fleet.ts';
import { addStuckPod, alarm, only, sent, startShop } from './shop.ts';

// The first pipeline of a process synthesizes the SSM document.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Eight reports are more than the 2,500 characters of SSM's list: they have to be fetched. */
const PODS = 8;
const TIMES = 3;

let shop: Pipeline;
let thaws: Map<string, number>;
beforeEach(async () => {
  const onThaw = ({ uid }: FleetPod) => void shop.kubernetes.pods.delete(uid);
  const fleet = makeFleet({ nodes: 1, podsEach: PODS }, onThaw);
  ({ thaws } = fleet);
  shop = await startShop({ nodes: fleet.nodes });
  for (const pod of fleet.pods) addStuckPod(shop, pod);
});

type Api = 'dynamodb' | 'ssm' | 'sns' | 'ec2' | 'eks' | 'kubernetes' | 'secrets';

/** From now on the operation meets the fault, so many times. @returns how often it has */
function afflict(api: Api, operation: string, fault: Fault, times: number) {
  const endpoint: Endpoint = shop[api];
  const met = { count: 0 };
  endpoint.faults.when(operation, (nth) => {
    if (nth > times) return undefined;
    met.count += 1;
    return fault;
  });
  return { met, calls: () => endpoint.calls.get(operation) ?? 0 };
}

const exceeded = throttled('ProvisionedThroughputExceededException');

describe('throttling is outlasted:', () => {
  test.each<[Api, string, Fault]>([
    ['eks', 'DescribeCluster', failing('ThrottlingException', 429, 'Rate exceeded')],
    ['ec2', 'DescribeInstances', failing('RequestLimitExceeded', 503, 'Request limit exceeded.')],
    ['ssm', 'DescribeInstanceInformation', throttled()],
    ['ssm', 'SendCommand', throttled()],
    ['ssm', 'ListCommandInvocations', throttled()],
    ['ssm', 'GetCommandInvocation', throttled()],
    ['dynamodb', 'BatchGetItem', exceeded],
    ['dynamodb', 'UpdateItem', exceeded],
    ['dynamodb', 'UpdateItem', throttled()],
    ['dynamodb', 'Query', throttled()],
    ['sns', 'Publish', throttled('Throttled')],
    ['secrets', 'GetSecretValue', throttled()],
    ['kubernetes', 'listPods', tooManyRequests(1)],
    ['kubernetes', 'getPod', tooManyRequests(1)],
  ])(
    '%s %s',
    async (api, operation, fault) => {
      const { met, calls } = afflict(api, operation, fault, TIMES);

      expect(only(await shop.invoke(alarm())).summary).toEqual({ deleted: PODS });

      expect(met.count).toBe(TIMES);
      expect(calls()).toBeGreaterThan(TIMES);
      expect([...thaws.values()]).toEqual(Array(PODS).fill(1));
      expect(shop.sns.publications).toHaveLength(1);
      expect(shop.sns.failures).toEqual([]);
      expect(shop.slack.messages).toHaveLength(1);
      // Of a command there is one, however often it was turned away.
      expect(shop.ssm.commands.size).toBe(1);
    },
    60_000,
  );

  test('every API at once', async () => {
    const all: [Api, string, Fault][] = [
      ['eks', 'DescribeCluster', throttled()],
      ['ec2', 'DescribeInstances', failing('RequestLimitExceeded', 503)],
      ['ssm', 'SendCommand', throttled()],
      ['ssm', 'ListCommandInvocations', throttled()],
      ['dynamodb', 'UpdateItem', exceeded],
      ['sns', 'Publish', throttled('Throttled')],
      ['kubernetes', 'listPods', tooManyRequests(1)],
    ];
    const afflicted = all.map(([api, operation, fault]) => afflict(api, operation, fault, 2));
    expect(only(await shop.invoke(alarm())).summary).toEqual({ deleted: PODS });
    expect(afflicted.map(({ met }) => met.count)).toEqual(all.map(() => 2));
    expect([shop.ssm.commands.size, shop.slack.messages.length]).toEqual([1, 1]);
  }, 60_000);
});

describe('a SendCommand that may have been taken is not sent again:', () => {
  test.each<[string, Fault]>([
    ['no answer', { kind: 'close' }],
    ['an internal error', failing('InternalServerError', 500, 'oops')],
    ['unavailable', failing('ServiceUnavailable', 503, 'oops')],
  ])('%s', async (_, fault) => {
    const { met } = afflict('ssm', 'SendCommand', fault, 1);
    const { pods } = only(await shop.invoke(alarm()));
    expect(pods).toHaveLength(PODS);
    for (const { outcome, reason } of pods) {
      expect(outcome).toBe('unknown');
      expect(reason).toContain('not known whether SSM took the command');
    }
    expect([met.count, sent(shop)]).toEqual([1, 1]);
  });
});

/** As IAM words it. */
const denied = (action: string, code = 'AccessDeniedException', status = 400) =>
  failing(
    code,
    status,
    `User: arn:aws:sts::111122223333:assumed-role/podthaw/remediate is not authorized to perform: ${action} on resource: * because no identity-based policy allows the ${action} action`,
  );

describe('a denial is asked once, and names what to allow:', () => {
  test.each<[Api, string, string, Fault]>([
    ['ssm', 'DescribeInstanceInformation', 'failed', denied('ssm:DescribeInstanceInformation')],
    ['ssm', 'SendCommand', 'failed', denied('ssm:SendCommand')],
    ['ssm', 'ListCommandInvocations', 'unknown', denied('ssm:ListCommandInvocations')],
    ['ssm', 'GetCommandInvocation', 'unknown', denied('ssm:GetCommandInvocation')],
  ])('%s %s: the pods are %s', async (api, operation, outcome, fault) => {
    const { met } = afflict(api, operation, fault, Number.POSITIVE_INFINITY);
    const { pods } = only(await shop.invoke(alarm()));
    expect(met.count).toBe(1);
    for (const pod of pods) {
      expect(pod.reason).toContain(`not authorized to perform: ${api}:${operation}`);
      // Behind a list that cannot be read the command did its work, and the API says so.
      expect([outcome, 'deleted']).toContain(pod.outcome);
    }
    expect(shop.slack.messages).toHaveLength(1);
  });

  test.each<[Api, string, Fault]>([
    ['dynamodb', 'BatchGetItem', denied('dynamodb:BatchGetItem')],
    ['dynamodb', 'UpdateItem', denied('dynamodb:UpdateItem')],
    ['sns', 'Publish', denied('SNS:Publish', 'AuthorizationError', 403)],
  ])('%s %s: the function fails, and its alarm tells', async (api, operation, fault) => {
    const { met } = afflict(api, operation, fault, Number.POSITIVE_INFINITY);
    await expect(shop.invoke(alarm())).rejects.toThrow(
      new RegExp(`not authorized to perform: ${api}:${operation}`, 'i'),
    );
    expect(met.count).toBe(1);
    if (api === 'dynamodb') expect(sent(shop)).toBe(0);
  });

  test('Secrets Manager: the message waits in the failures queue with the reason', async () => {
    const fault = denied('secretsmanager:GetSecretValue');
    const { met } = afflict('secrets', 'GetSecretValue', fault, Number.POSITIVE_INFINITY);
    await shop.invoke(alarm());
    expect(met.count).toBe(1);
    expect(shop.sns.failures).toMatchObject([
      { cause: { message: expect.stringContaining('secretsmanager:GetSecretValue') } },
    ]);
  });
});
