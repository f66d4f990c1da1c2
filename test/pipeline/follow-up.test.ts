/** What was told as open is told once as resolved: only by a complete listing that lacks it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Fault, failing, hanging } from '../../local/endpoints/faults.ts';
import type { Pipeline } from '../../local/pipeline.ts';
import { makeFleet } from './fleet.ts';
import { addStuckPod, alarm, CLUSTER, only, type ShopOptions, sent, startShop } from './shop.ts';

const MINUTE = 60_000;
const sweep = { 'detail-type': 'Scheduled Event', source: 'aws.events' };
const HELD = { labels: { 'podthaw.dev/hold': 'true' } };
const denied = failing('Forbidden', 403, 'pods is forbidden');

function setClock(msFromNow: number): void {
  const now = Date.now() + msFromNow;
  vi.useFakeTimers({ toFake: ['Date'], now, shouldAdvanceTime: true });
}
afterEach(() => void vi.useRealTimers());

const uidOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Pods that are told as held: no node has a part in it. */
async function startHeld(count = 1, options: ShopOptions = {}): Promise<Pipeline> {
  const shop = await startShop(options);
  for (let n = 0; n < count; n += 1) {
    addStuckPod(shop, { uid: uidOf(n), name: `cart-${n}`, metadata: HELD });
  }
  return shop;
}

const leave = (shop: Pipeline, count = 1) => {
  for (let n = 0; n < count; n += 1) shop.kubernetes.pods.delete(uidOf(n));
};

/** Subjects of all that was published. */
const subjects = ({ sns }: Pipeline) => sns.publications.map(({ subject }) => subject);

async function sweeps(shop: Pipeline, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) await shop.invoke(sweep);
}

describe('a pod that leaves after it was told', () => {
  test('is told once as resolved, to every reader; then all is silent', async () => {
    const shop = await startHeld();
    await sweeps(shop, 2);
    expect(shop.sns.publications).toHaveLength(1);

    setClock(12 * MINUTE);
    leave(shop);
    const outcome = only(await shop.invoke(sweep));
    await sweeps(shop, 3);

    expect(outcome).toMatchObject({
      pods: [],
      resolved: [
        { what: 'pod', namespace: 'shop', name: 'cart-0', uid: uidOf(0), outcome: 'held' },
      ],
      resolvedCount: 1,
    });
    expect(shop.sns.publications).toHaveLength(2);
    const { subject, bodies, attributes } = shop.sns.publications[1] ?? {};
    const verdict = 'shop/cart-0 is gone: resolved 12 min after it was first told';
    expect(subject).toBe(`podthaw: ${verdict}`);
    expect(attributes).toMatchObject({
      severity: { Value: 'info' },
      outcome: { Value: '["resolved"]' },
    });
    expect(shop.slack.messages).toHaveLength(2);
    for (const body of [bodies?.default, bodies?.https, JSON.stringify(shop.slack.messages[1])]) {
      expect(body).toContain(verdict);
    }
  });

  test('also where a run by an alarm is the first to see it', async () => {
    const shop = await startHeld();
    await shop.invoke(alarm());
    leave(shop);
    await shop.invoke(alarm());
    expect(subjects(shop)[1]).toMatch(/^podthaw: shop\/cart-0 is gone: resolved/);
  });

  test('also where another of its name has come, stuck or not', async () => {
    const shop = await startHeld();
    await shop.invoke(sweep);
    leave(shop);
    const metadata = { namespace: 'shop', name: 'cart-0', uid: uidOf(1) };
    shop.kubernetes.pods.add({ metadata, spec: { nodeName: 'n' } });
    await sweeps(shop, 2);
    expect(subjects(shop)).toEqual([
      'podthaw: shop/cart-0 is stuck and was left alone',
      expect.stringContaining('shop/cart-0 is gone: resolved'),
    ]);
  });

  test('counts from when it was first told, whatever was told since', async () => {
    const shop = await startHeld();
    await shop.invoke(sweep);
    setClock(30 * MINUTE);
    addStuckPod(shop, { uid: uidOf(0), node: 'fargate-ip-10-0-0-1' });
    await shop.invoke(sweep);
    setClock(30 * MINUTE);
    leave(shop);
    const { resolved } = only(await shop.invoke(sweep));
    expect(resolved).toMatchObject([{ outcome: 'unreachable' }]);
    expect(subjects(shop)[2]).toContain('resolved 60 min after it was first told');
    expect(shop.sns.publications).toHaveLength(3);
  });

  test.each<[string, ShopOptions, { metadata?: typeof HELD; node?: string }]>([
    ['held', {}, { metadata: HELD }],
    ['unreachable', {}, { node: 'fargate-ip-10-0-0-1' }],
    ['unknown', canned('', 0), {}],
    ['would-thaw', { ...report('frozen', 'check'), settings: { mode: 'observe' } }, {}],
    ['held', report('frozen', 'thaw'), {}],
    ['not-frozen', report('not-frozen', 'thaw'), {}],
    ['failed', report('thaw-failed', 'thaw'), {}],
    ['thawed', report('thawed', 'thaw'), {}],
  ])('told as %s', async (outcome, options, pod) => {
    const shop = await startShop({
      ...options,
      settings: { confirmSeconds: 0, ...options.settings },
    });
    addStuckPod(shop, { uid: uidOf(0), ...pod });
    expect(only(await shop.invoke(sweep)).pods).toMatchObject([{ outcome }]);
    leave(shop);
    expect(only(await shop.invoke(sweep)).resolved).toMatchObject([{ outcome }]);
    await shop.invoke(sweep);
    expect(shop.sns.publications.map(({ attributes }) => attributes.outcome?.Value)).toEqual([
      `["${outcome}"]`,
      '["resolved"]',
    ]);
  });

  test('told to a person who asked by hand', async () => {
    const shop = await startHeld();
    await shop.invoke({ action: 'thaw', notify: true });
    await shop.invoke({ action: 'check' });
    leave(shop);
    await shop.invoke({ action: 'check', notify: true });
    await sweeps(shop, 2);
    expect(subjects(shop)).toEqual([
      'podthaw: shop/cart-0 is stuck and was left alone',
      `podthaw: Nothing was stuck in cluster ${CLUSTER}`,
      expect.stringContaining('shop/cart-0 is gone: resolved'),
    ]);
  });
});

describe('nothing is told as resolved', () => {
  test('that podthaw freed and told as gone', async () => {
    let shop: Pipeline | undefined;
    const fleet = makeFleet({ nodes: 1, podsEach: 1 }, ({ uid }) =>
      shop?.kubernetes.pods.delete(uid),
    );
    shop = await startShop({ nodes: fleet.nodes });
    const [node] = fleet.nodes;
    const { instanceId = '' } = node ?? {};
    for (const pod of fleet.pods) addStuckPod(shop, pod);
    shop.ssm.instances.set(instanceId, { instanceId, behaviour: { kind: 'undeliverable' } });
    await shop.invoke(sweep);
    if (node) shop.ssm.instances.set(instanceId, node);
    setClock(10 * MINUTE);
    await sweeps(shop, 1);
    setClock(10 * MINUTE);
    await sweeps(shop, 2);
    expect(shop.sns.publications.map(({ attributes }) => attributes.outcome?.Value)).toEqual([
      '["unreachable"]',
      '["deleted"]',
    ]);
  });

  test('of a pod that another run has just freed and is about to tell of', async () => {
    let shop: Pipeline | undefined;
    const fleet = makeFleet({ nodes: 1, podsEach: 1, latencyMs: 300 }, ({ uid }) =>
      shop?.kubernetes.pods.delete(uid),
    );
    shop = await startShop({ nodes: fleet.nodes });
    for (const pod of fleet.pods) addStuckPod(shop, { ...pod, metadata: HELD });
    await shop.invoke(sweep);
    for (const pod of fleet.pods) addStuckPod(shop, pod);

    let freeing = true;
    const run = shop.invoke(alarm()).finally(() => {
      freeing = false;
    });
    let seenGone = 0;
    while (freeing) {
      const outcome = only(await shop.invoke(sweep));
      if (freeing && outcome.resolved !== undefined) seenGone += 1;
    }
    await run;
    expect(seenGone).toBeGreaterThan(0);
    expect(shop.sns.publications.map(({ attributes }) => attributes.outcome?.Value)).toEqual([
      '["held"]',
      '["deleted"]',
    ]);
  });

  test('that nobody was told of', async () => {
    const shop = await startHeld();
    await shop.invoke({ action: 'check' });
    leave(shop);
    expect(only(await shop.invoke(sweep)).resolved).toBeUndefined();
    expect(shop.sns.publications).toEqual([]);
  });

  test('of a sweep without the API: its pods were never seen there', async () => {
    const shop = await startShop(report('frozen', 'check'));
    const request = { instanceIds: [shop.ssm.instances.keys().next().value], withoutApi: true };
    await shop.invoke({ action: 'check', ...request, notify: true });
    expect(shop.sns.publications).toHaveLength(1);
    await sweeps(shop, 2);
    expect(shop.sns.publications).toHaveLength(1);
  });

  test.each<[string, Fault]>([
    ['is refused', denied],
    ['makes no sense', { kind: 'reply', reply: { status: 200, headers: {}, body: '{}' } }],
  ])('after a listing that %s', async (_, fault) => {
    const shop = await startHeld();
    await shop.invoke(sweep);
    leave(shop);
    shop.kubernetes.faults.when('listPods', () => fault);
    expect(only(await shop.invoke(sweep))).toMatchObject({ problem: expect.any(String) });
    expect(subjects(shop)[1]).toContain('could not look at cluster');
    expect(shop.sns.publications).toHaveLength(2);

    shop.kubernetes.faults.clear();
    await sweeps(shop, 2);
    expect(shop.sns.publications).toHaveLength(3);
    expect(subjects(shop)[2]).toMatch(
      /cluster shop-cluster can be looked at again, shop\/cart-0 is gone: resolved/,
    );
  });

  test('after a listing whose second page fails', async () => {
    const filler = (index: number) => ({
      metadata: { namespace: 'zoo', name: `ant-${index}`, uid: uidOf(1_000_000 + index) },
      spec: { nodeName: 'n' },
    });
    const shop = await startHeld(1, { kubernetes: { generated: { count: 700, at: filler } } });
    await shop.invoke(sweep);
    leave(shop);
    shop.kubernetes.faults.when('listPods', (nth) => (nth % 2 === 0 ? denied : undefined));
    expect(only(await shop.invoke(sweep)).resolved).toBeUndefined();
    expect(subjects(shop).slice(1)).toEqual([expect.stringContaining('could not look')]);
  });

  test('that was told after the listing began: what is open is read before', async () => {
    const shop = await startHeld();
    const queries: (number | undefined)[] = [];
    shop.kubernetes.faults.when('listPods', () => {
      queries.push(shop.dynamodb.calls.get('Query'));
      return undefined;
    });
    await sweeps(shop, 2);
    expect(queries).toEqual([1, 2]);
  });
});

describe('a problem', () => {
  test('that is over is told once; the next is news again', async () => {
    const shop = await startHeld(0);
    for (const _ of [1, 2]) {
      shop.kubernetes.faults.when('listPods', () => denied);
      await sweeps(shop, 2);
      shop.kubernetes.faults.clear();
      setClock(20 * MINUTE);
      await sweeps(shop, 2);
    }
    const told = [
      `podthaw: podthaw could not look at cluster ${CLUSTER}`,
      `podthaw: cluster ${CLUSTER} can be looked at again: resolved 20 min after it was first told`,
    ];
    expect(subjects(shop)).toEqual([...told, ...told]);
  });
});

describe('one message', () => {
  test('for fifty pods that left', async () => {
    const shop = await startHeld(50);
    await shop.invoke(sweep);
    leave(shop, 50);
    await sweeps(shop, 2);
    expect(subjects(shop)).toEqual([
      'podthaw: 50 pods were stuck: 50 left alone',
      'podthaw: 50 pods are gone: resolved',
    ]);
  }, 30_000);

  test('for what left and what is stuck now', async () => {
    const shop = await startHeld();
    await shop.invoke(sweep);
    leave(shop);
    addStuckPod(shop, { uid: uidOf(7), name: 'cart-7', metadata: HELD });
    await sweeps(shop, 2);
    expect(subjects(shop)).toEqual([
      'podthaw: shop/cart-0 is stuck and was left alone',
      'podthaw: shop/cart-7 is stuck and was left alone; 1 told earlier resolved',
    ]);
  });

  test('of many runs at once: of thirty stuck pods, and of their end', async () => {
    const shop = await startHeld(30);
    const atOnce = () => Promise.all(Array.from({ length: 12 }, () => shop.invoke(sweep)));
    await atOnce();
    expect(subjects(shop)).toEqual(['podthaw: 30 pods were stuck: 30 left alone']);
    leave(shop, 30);
    await atOnce();
    expect(subjects(shop).slice(1)).toEqual(['podthaw: 30 pods are gone: resolved']);
  }, 180_000);
});

describe('not lost', () => {
  test('where SNS refuses it: the next sweep tells', async () => {
    const shop = await startHeld();
    await shop.invoke(sweep);
    leave(shop);
    shop.sns.faults.next('Publish', failing('AuthorizationError', 403, 'no'));
    await expect(shop.invoke(sweep)).rejects.toThrow('no');
    await sweeps(shop, 2);
    expect(subjects(shop)).toHaveLength(2);
    expect(subjects(shop)[1]).toContain('resolved');
  });

  test('where the table cannot be asked: the next sweep tells', async () => {
    const shop = await startHeld();
    await shop.invoke(sweep);
    leave(shop);
    shop.dynamodb.faults.when('Query', () => failing('AccessDeniedException', 400, 'no'));
    await sweeps(shop, 1);
    expect(subjects(shop)).toHaveLength(1);
    shop.dynamodb.faults.clear();
    await sweeps(shop, 2);
    expect(subjects(shop)).toHaveLength(2);
  });

  test('where what was told as stuck never was told: no one hears of its end', async () => {
    const shop = await startHeld();
    shop.sns.faults.next('Publish', failing('AuthorizationError', 403, 'no'));
    await expect(shop.invoke(sweep)).rejects.toThrow('no');
    leave(shop);
    await sweeps(shop, 2);
    expect(subjects(shop)).toEqual([]);
  });

  test('by a run killed between the publish and its note: told again, then never more', async () => {
    const shop = await startHeld();
    await shop.invoke(sweep);
    leave(shop);
    await killedAfterPublish(shop);
    expect(subjects(shop)).toHaveLength(2);

    await shop.invoke(sweep);
    expect(subjects(shop)).toHaveLength(2);
    setClock(2 * MINUTE);
    await sweeps(shop, 3);
    expect(subjects(shop).map((subject) => /resolved/.test(subject ?? ''))).toEqual([
      false,
      true,
      true,
    ]);
  }, 120_000);

  test('by a run killed once it told of a stuck pod, which then left', async () => {
    const shop = await startHeld();
    await killedAfterPublish(shop);
    leave(shop);
    setClock(2 * MINUTE);
    await sweeps(shop, 2);
    expect(subjects(shop)).toEqual([
      'podthaw: shop/cart-0 is stuck and was left alone',
      expect.stringContaining('shop/cart-0 is gone: resolved'),
    ]);
  }, 120_000);
});

test('a sweep with nothing open asks the table one question, and writes nothing', async () => {
  const shop = await startHeld(0);
  shop.dynamodb.calls.clear();
  await shop.invoke(sweep);
  expect([...shop.dynamodb.calls]).toEqual([['Query', 1]]);
  expect(sent(shop)).toBe(0);
});

/** A process of its own that sweeps, and is killed when it has published and noted nothing of it. */
async function killedAfterPublish(shop: Pipeline): Promise<void> {
  const before = shop.sns.publications.length;
  const published = () => shop.sns.publications.length > before;
  shop.dynamodb.faults.when('UpdateItem', () => (published() ? hanging : undefined));
  const file = fileURLToPath(new URL('invoke.ts', import.meta.url));
  const child = spawn(process.execPath, [file, JSON.stringify(sweep)], { stdio: 'inherit' });
  onTestFinished(() => void child.kill('SIGKILL'));
  while (!published() && child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGKILL');
  await once(child, 'exit');
  shop.dynamodb.faults.clear();
  await shop.sns.settled();
}

function canned(stdout: string, exitCode: number): ShopOptions {
  return { node: { behaviour: { kind: 'canned', output: { stdout, stderr: '', exitCode } } } };
}

/** A node whose report says this of the first pod. */
function report(verdict: string, action: string): ShopOptions {
  const targets = [{ target: uidOf(0), verdict, cause: 'paused', reason: 'so it was found' }];
  const node = { hostname: 'node', kernel: '6.1', cgroup: 'v2' };
  const startedAt = '2026-11-24T03:00:00Z';
  return canned(
    JSON.stringify({ podthaw: 1, action, node, startedAt, durationMs: 1, targets, absent: [] }),
    0,
  );
}
