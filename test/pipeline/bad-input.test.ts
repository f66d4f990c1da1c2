import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { TriggerError } from '../../lambda/domain/trigger.ts';
import { makeRealPod } from '../../local/real-pod.ts';
import type { StuckPod } from '../../local/stuck-pod.ts';
import { mountPoint } from '../real/mounts.ts';
import { describeFreezers } from '../real/suite.ts';
import {
  addStuckPod,
  alarm,
  INSTANCE,
  NODE,
  only,
  type ShopOptions,
  sent,
  startShop,
  TAGS,
} from './shop.ts';

type Node = NonNullable<ShopOptions['node']>;

describeFreezers('bad input thaws nothing', (version) => {
  let pod: StuckPod;
  beforeAll(async () => {
    pod = await makeRealPod({ version, mount: mountPoint(version) });
  });
  afterEach(async () => {
    expect(await pod.state()).toBe('FROZEN');
    expect(await pod.gone()).toBe(false);
  });
  afterAll(() => pod.remove());

  test('events of no known shape: one clear error each, and no call to anybody', async () => {
    const shop = await startShop();
    addStuckPod(shop, { uid: pod.uid });
    const junk: [unknown, string][] = [
      [undefined, 'an event must be a JSON object'],
      [String(pod.pid), 'an event must be a JSON object'],
      [pod.pid, 'an event must be a JSON object'],
      [{ pid: pod.pid }, 'pid'],
      [{ target: pod.path }, 'target'],
      [{ action: 'thaw', podUids: [String(pod.pid)] }, 'podUids.0: expected a pod UID'],
      [{ action: 'thaw', podUids: [`${pod.uid},${pod.uid}`] }, 'podUids.0'],
      [{ action: 'thaw', pods: [pod.path] }, 'pods.0'],
      [{ action: 'freeze', podUids: [pod.uid] }, 'action'],
      [{ action: 'thaw', cluster: 'other', podUids: [pod.uid] }, 'cluster: got "other"'],
      [{ alarmData: { alarmName: 'x', state: { value: 'MAYBE' } } }, 'alarmData.state.value'],
      [{ Records: [{ Sns: { Message: 'ALARM!' } }] }, 'expected an alarm as JSON'],
      [{ 'detail-type': 'EC2 Spot Instance Interruption Warning' }, 'detail-type'],
    ];
    for (const [event, words] of junk) {
      const invocation = shop.invoke(event);
      await expect(invocation, JSON.stringify(event)).rejects.toThrow(TriggerError);
      await expect(invocation).rejects.toThrow(words);
    }
    const { ssm, ec2, kubernetes, sns } = shop;
    for (const { calls } of [ssm, ec2, kubernetes, sns]) expect([...calls]).toEqual([]);
  });

  test.each(['OK', 'INSUFFICIENT_DATA'])('an alarm that is %s ends quietly', async (value) => {
    const shop = await startShop();
    addStuckPod(shop, { uid: pod.uid });
    const outcome = await shop.invoke({ alarmData: { alarmName: 'a', state: { value } } });
    expect(only(outcome)).toMatchObject({ pods: [], summary: {} });
    expect([...shop.kubernetes.calls, ...shop.ssm.calls, ...shop.sns.calls]).toEqual([]);
  });

  test('a pod that nobody deletes is not touched, though a person names it', async () => {
    const shop = await startShop();
    const metadata = { namespace: 'shop', name: 'cart-0', uid: pod.uid };
    shop.kubernetes.pods.add({ metadata, spec: { nodeName: NODE } });
    for (const named of [{ podUids: [pod.uid] }, { pods: ['shop/cart-0'] }]) {
      const outcome = only(await shop.invoke({ action: 'thaw', ...named }));
      expect(outcome.pods).toMatchObject([{ outcome: 'unknown' }]);
    }
    expect(sent(shop)).toBe(0);
  });

  test('a UID with no process on its node', async () => {
    const shop = await startShop();
    addStuckPod(shop, { uid: '00000000-0000-4000-8000-000000000000' });
    const outcome = only(await shop.invoke(alarm()));
    expect(outcome.pods).toMatchObject([{ outcome: 'not-frozen', cause: 'no-tasks' }]);
  });

  test('a pod on hold, and one that is not overdue', async () => {
    const shop = await startShop();
    addStuckPod(shop, { uid: pod.uid, metadata: { labels: { 'podthaw.dev/hold': 'true' } } });
    expect(only(await shop.invoke(alarm())).pods).toMatchObject([{ outcome: 'held' }]);
    addStuckPod(shop, { uid: pod.uid, overdueSeconds: 60 });
    expect(only(await shop.invoke(alarm())).pods).toEqual([]);
    expect(sent(shop)).toBe(0);
  });

  const canned = (stdout: string, exitCode = 0, stderr = ''): Node => ({
    behaviour: { kind: 'canned', output: { stdout, stderr, exitCode } },
  });

  test.each<[string, Node, 'unknown' | 'unreachable', string]>([
    ['no report', canned(''), 'unknown', 'sent no report'],
    ['a report that is not JSON', canned('Segmentation fault'), 'unknown', 'Segmentation fault'],
    ['a report cut off', canned('{"podthaw":1,"action":"thaw","targets":[{'), 'unknown', 'cut off'],
    ['a report of another version', canned('{"podthaw":2}'), 'unknown', 'not version 1'],
    ['a usage error', canned('', 2, 'freezer.sh: no TARGET'), 'unknown', 'no TARGET'],
    ['a node not to be examined', canned('', 3, 'freezer.sh: not root'), 'unknown', 'not root'],
    ['a time-out', { behaviour: { kind: 'executionTimedOut' } }, 'unknown', 'time limit'],
    ['undeliverable', { behaviour: { kind: 'undeliverable' } }, 'unreachable', 'Undeliverable'],
    [
      'delivery timed out',
      { behaviour: { kind: 'deliveryTimedOut' }, latencyMs: 50 },
      'unreachable',
      'DeliveryTimedOut',
    ],
    ['access denied', { behaviour: { kind: 'accessDenied' } }, 'unreachable', 'AccessDenied'],
    ['wrong platform', { behaviour: { kind: 'invalidPlatform' } }, 'unreachable', 'platform'],
    ['not in a valid state', { behaviour: { kind: 'notInValidState' } }, 'unreachable', 'refuses'],
    ['connection lost', { pingStatus: 'ConnectionLost' }, 'unreachable', 'ConnectionLost'],
    ['Windows', { platformType: 'Windows' }, 'unreachable', 'Windows'],
  ])('a node that answers with %s', async (_, node, outcome, reason) => {
    const shop = await startShop({ node });
    addStuckPod(shop, { uid: pod.uid, goneWhen: pod.gone });
    const { pods } = only(await shop.invoke(alarm()));
    expect(pods).toMatchObject([{ outcome, reason: expect.stringContaining(reason) }]);
    expect(shop.slack.messages).toHaveLength(1);
  });

  test('an instance that SSM does not manage', async () => {
    const shop = await startShop();
    shop.ssm.instances.clear();
    addStuckPod(shop, { uid: pod.uid });
    const { pods } = only(await shop.invoke(alarm()));
    expect(pods).toMatchObject([{ outcome: 'unreachable', instanceId: INSTANCE }]);
    expect(sent(shop)).toBe(0);
  });

  test('a node that EC2 does not know with the cluster’s tag', async () => {
    const shop = await startShop({ node: { tags: {} } });
    addStuckPod(shop, { uid: pod.uid });
    const { pods } = only(await shop.invoke(alarm()));
    expect(pods).toMatchObject([{ outcome: 'unreachable' }]);
    expect(sent(shop)).toBe(0);
  });

  test('only the pod’s own node speaks for it', async () => {
    const other = { instanceId: 'i-0fedcba9876543210', privateDnsName: 'other', tags: TAGS };
    const shop = await startShop({
      nodes: [
        // The script runs where the pod is not; the pod's own node says nothing.
        { ...other, behaviour: { kind: 'canned', output: ({ parameters }) => lie(parameters) } },
        {
          instanceId: INSTANCE,
          privateDnsName: NODE,
          tags: TAGS,
          behaviour: { kind: 'undeliverable' },
        },
      ],
    });
    addStuckPod(shop, { uid: pod.uid });
    addStuckPod(shop, { uid: '00000000-0000-4000-8000-000000000009', name: 'b', node: 'other' });
    const { pods } = only(await shop.invoke(alarm()));
    expect(sent(shop)).toBe(1);
    expect(pods.find(({ uid }) => uid === pod.uid)?.outcome).toBe('unreachable');
  });
});

/** A report of a thaw of every pod that the command names. */
function lie({ Targets = '' }: Readonly<Record<string, string>>) {
  const targets = Targets.split(',').map((target) => ({
    target,
    verdict: 'thawed',
    cause: 'paused',
  }));
  const node = { hostname: 'other', kernel: '6.1', cgroup: 'v2' };
  const report = { podthaw: 1, action: 'thaw', node, startedAt: '', durationMs: 1, targets };
  return { stdout: JSON.stringify(report) };
}
