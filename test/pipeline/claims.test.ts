import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Pipeline } from '../../local/pipeline.ts';
import { type FleetPod, makeFleet } from './fleet.ts';
import { addStuckPod, alarm, only, type ShopOptions, sent, startShop } from './shop.ts';

const MINUTE = 60_000;
const sweep = { 'detail-type': 'Scheduled Event', source: 'aws.events' };

/** A cluster whose stuck pods leave the API once their node was told to thaw them. */
async function startFleet(
  size: { nodes: number; podsEach: number; latencyMs?: number },
  { freed = true, ...options }: ShopOptions & { freed?: boolean } = {},
) {
  let shop: Pipeline | undefined;
  const onThaw = ({ uid }: FleetPod) => freed && shop?.kubernetes.pods.delete(uid);
  const fleet = makeFleet(size, onThaw);
  shop = await startShop({ nodes: fleet.nodes, ...options });
  for (const pod of fleet.pods) addStuckPod(shop, pod);
  return { shop, fleet };
}

/** The clock of the handlers and of the endpoints alike; timers go on. */
function setClock(msFromNow: number): void {
  const now = Date.now() + msFromNow;
  vi.useFakeTimers({ toFake: ['Date'], now, shouldAdvanceTime: true });
}
afterEach(() => void vi.useRealTimers());

describe('the same alarm many times', () => {
  test('100 at once: one effective command a node, one message', async () => {
    const { shop, fleet } = await startFleet({ nodes: 3, podsEach: 2, latencyMs: 300 });

    const outcomes = await Promise.all(Array.from({ length: 100 }, () => shop.invoke(alarm())));

    expect([...fleet.thaws.values()]).toEqual([1, 1, 1, 1, 1, 1]);
    expect(sent(shop)).toBe(1);
    expect(shop.sns.publications).toHaveLength(1);
    expect(shop.slack.messages).toHaveLength(1);
    const kinds = new Set(outcomes.flatMap((one) => only(one).pods.map(({ outcome }) => outcome)));
    expect([...kinds].sort()).toEqual(['deleted', 'in-progress']);
    const deleted = outcomes.filter((one) => only(one).summary.deleted === 6);
    expect(deleted).toHaveLength(1);
  }, 60_000);

  test('one event delivered twice, with the same request id', async () => {
    const { shop, fleet } = await startFleet({ nodes: 1, podsEach: 1, latencyMs: 300 });
    const event = alarm();
    await Promise.all([shop.invoke(event, 'same'), shop.invoke(event, 'same')]);
    expect([...fleet.thaws.values()]).toEqual([1]);
    expect(shop.slack.messages).toHaveLength(1);
  });

  test('many at once share one blast radius', async () => {
    const { shop, fleet } = await startFleet({ nodes: 8, podsEach: 1, latencyMs: 300 });
    await Promise.all(Array.from({ length: 20 }, () => shop.invoke(alarm())));
    expect(fleet.thaws.size).toBe(3);
    const left = shop.slack.messages.length;
    expect(left).toBe(1);
  }, 60_000);

  test('a check claims nothing: others may act, and it may be repeated', async () => {
    const { shop, fleet } = await startFleet({ nodes: 1, podsEach: 1 });
    for (const _ of [1, 2]) {
      const { summary } = only(await shop.invoke({ action: 'check' }));
      expect(summary).toEqual({ 'would-thaw': 1 });
    }
    expect(only(await shop.invoke(alarm())).summary).toEqual({ deleted: 1 });
    expect(fleet.thaws.size).toBe(1);
  });
});

describe('attempts', () => {
  test('three, some minutes apart; then a person is told once, and nothing more is sent', async () => {
    const settings = { confirmSeconds: 0 };
    const { shop, fleet } = await startFleet({ nodes: 1, podsEach: 1 }, { freed: false, settings });
    const [pod] = fleet.pods;
    const summaries: object[] = [];
    for (let sweeps = 0; sweeps < 12; sweeps += 1) {
      summaries.push(only(await shop.invoke(sweep)).summary);
      setClock(4 * MINUTE);
    }
    expect(fleet.thaws.get(pod?.uid ?? '')).toBe(3);
    expect(sent(shop)).toBe(3);
    const thawed = { thawed: 1 };
    const waits = { 'in-progress': 1 };
    expect(summaries.slice(0, 7)).toEqual([
      thawed,
      waits,
      thawed,
      waits,
      thawed,
      waits,
      { failed: 1 },
    ]);
    expect(summaries.slice(7)).toEqual(Array(5).fill({ failed: 1 }));
    expect(shop.sns.publications.map(({ attributes }) => attributes.outcome?.Value)).toEqual([
      '["thawed"]',
      '["failed"]',
    ]);
  }, 30_000);

  test('a command that was never delivered is none', async () => {
    const { shop, fleet } = await startFleet({ nodes: 1, podsEach: 1 });
    const [node] = fleet.nodes;
    const { instanceId = '' } = node ?? {};
    shop.ssm.instances.set(instanceId, { instanceId, behaviour: { kind: 'undeliverable' } });
    for (let sweeps = 0; sweeps < 5; sweeps += 1) {
      expect(only(await shop.invoke(sweep)).summary).toEqual({ unreachable: 1 });
      setClock(10 * MINUTE);
    }
    expect(sent(shop)).toBe(5);
    expect(shop.sns.publications).toHaveLength(1);

    if (node) shop.ssm.instances.set(instanceId, node);
    expect(only(await shop.invoke(sweep)).summary).toEqual({ deleted: 1 });
    expect(shop.sns.publications).toHaveLength(2);
  }, 60_000);

  test('a node that is busy with another thaw counts as none', async () => {
    const { shop, fleet } = await startFleet({ nodes: 1, podsEach: 1 });
    const { instanceId = '' } = fleet.nodes[0] ?? {};
    const stderr = 'freezer.sh: busy: another thaw held the lock for 30 s\n';
    const output = { stdout: '', stderr, exitCode: 3 };
    shop.ssm.instances.set(instanceId, { instanceId, behaviour: { kind: 'canned', output } });
    for (let sweeps = 0; sweeps < 4; sweeps += 1) {
      const { pods } = only(await shop.invoke(sweep));
      expect(pods).toMatchObject([
        { outcome: 'unknown', reason: expect.stringContaining('busy: another thaw') },
      ]);
      setClock(10 * MINUTE);
    }
    expect(sent(shop)).toBe(4);
  }, 60_000);
});

describe('what was told', () => {
  test('is not told again until it changes', async () => {
    const { shop, fleet } = await startFleet(
      { nodes: 1, podsEach: 1 },
      { settings: { mode: 'observe' } },
    );
    for (let sweeps = 0; sweeps < 3; sweeps += 1) await shop.invoke(sweep);
    expect(shop.slack.messages).toHaveLength(1);

    const [pod] = fleet.pods;
    if (pod) addStuckPod(shop, { ...pod, node: 'fargate-ip-10-0-0-1' });
    for (let sweeps = 0; sweeps < 3; sweeps += 1) await shop.invoke(sweep);
    expect(shop.slack.messages).toHaveLength(2);
  });

  test('a person who asks is told at any time', async () => {
    const { shop } = await startFleet({ nodes: 1, podsEach: 1 });
    for (const _ of [1, 2]) await shop.invoke({ action: 'check', notify: true });
    expect(shop.slack.messages).toHaveLength(2);
    await shop.invoke({ action: 'check' });
    expect(shop.slack.messages).toHaveLength(2);
  });

  test('nothing stuck says nothing', async () => {
    const { shop } = await startFleet({ nodes: 1, podsEach: 0 });
    for (const event of [sweep, alarm()]) expect(only(await shop.invoke(event)).pods).toEqual([]);
    expect(shop.sns.publications).toEqual([]);
    expect(sent(shop)).toBe(0);
  });

  test('what could not be published is news for the next run', async () => {
    const { shop } = await startFleet({ nodes: 1, podsEach: 1 }, { settings: { mode: 'observe' } });
    const denied = {
      kind: 'error',
      code: 'AuthorizationError',
      message: 'no',
      status: 403,
    } as const;
    shop.sns.faults.next('Publish', { ...denied, headers: {} });
    await expect(shop.invoke(sweep)).rejects.toThrow('no');
    await shop.invoke(sweep);
    expect(shop.slack.messages).toHaveLength(1);
  });
});

test('a run killed midway is finished by the next', async () => {
  const { shop, fleet } = await startFleet({ nodes: 1, podsEach: 2, latencyMs: 60_000 });
  const file = fileURLToPath(new URL('invoke.ts', import.meta.url));
  const child = spawn(process.execPath, [file, JSON.stringify(alarm())], { stdio: 'inherit' });
  onTestFinished(() => void child.kill('SIGKILL'));
  while (sent(shop) === 0 && child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(fleet.thaws.size).toBe(0);
  for (const node of shop.ssm.instances.values()) node.latencyMs = 10;

  // While its claims last, nobody interferes with a script that may still be at work.
  expect(only(await shop.invoke(sweep)).summary).toEqual({ 'in-progress': 2 });
  expect(sent(shop)).toBe(1);
  expect(shop.slack.messages).toEqual([]);

  setClock(7 * MINUTE);
  expect(only(await shop.invoke(sweep)).summary).toEqual({ deleted: 2 });
  expect([...fleet.thaws.values()]).toEqual([1, 1]);
  expect(shop.slack.messages).toHaveLength(1);
}, 60_000);
