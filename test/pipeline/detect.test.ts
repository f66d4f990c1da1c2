/** What the detector emits and logs, read from its real output. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Fault, failing, hanging, throttled } from '../../local/endpoints/faults.ts';
import { forbidden, tooManyRequests } from '../../local/endpoints/kubernetes.ts';
import { addCluster } from './clusters.ts';
import { type Emitted, startDetector } from './detector.ts';
import { addStuckPod, CLUSTER, NODE, startShop } from './shop.ts';

// The first pipeline of a process synthesizes the SSM document.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const detect = (timeoutMs?: number) => startDetector(timeoutMs).ended;
const uid = (nth: number) => `00000000-0000-4000-8000-${String(nth).padStart(12, '0')}`;

/** What CloudWatch would make of it. */
const values = ({ cluster, StuckPods, OldestStuckSeconds }: Emitted) => ({
  cluster,
  StuckPods,
  OldestStuckSeconds,
});

describe('a cluster with stuck pods', () => {
  test('is counted, with the oldest; each stuck pod has one line in the log', async () => {
    const shop = await startShop();
    addStuckPod(shop, { uid: uid(1), name: 'cart-1', overdueSeconds: 300 });
    addStuckPod(shop, { uid: uid(2), name: 'cart-2', overdueSeconds: 4_000 });
    addStuckPod(shop, { uid: uid(3), name: 'in-grace', overdueSeconds: -20 });
    addStuckPod(shop, { uid: uid(4), name: 'not-overdue-enough', overdueSeconds: 30 });
    shop.kubernetes.pods.add({
      metadata: { namespace: 'shop', name: 'runs', uid: uid(5) },
      spec: { nodeName: NODE },
    });

    const { emitted, logged } = await detect();

    expect(emitted.map(({ StuckPods }) => StuckPods)).toEqual([2]);
    const oldest = Number(emitted[0]?.OldestStuckSeconds);
    expect(oldest).toBeGreaterThanOrEqual(4_000);
    expect(oldest).toBeLessThan(4_100);
    const stuck = logged.filter(({ message }) => message === 'stuck');
    const line = { level: 'INFO', cluster: CLUSTER, namespace: 'shop', node: NODE };
    expect(stuck).toMatchObject([
      { ...line, name: 'cart-1', uid: uid(1) },
      { ...line, name: 'cart-2', uid: uid(2) },
    ]);
    for (const { overdueSeconds } of stuck) expect(overdueSeconds).toBeGreaterThanOrEqual(300);
    expect(logged).toHaveLength(2);
  });

  test('gives metrics of the agreed names, units and one dimension; no pod’s name is in them', async () => {
    const shop = await startShop();
    addStuckPod(shop, { uid: uid(1), name: 'cart-1' });
    const { emitted } = await detect();
    expect(emitted).toHaveLength(1);
    expect(emitted[0]?._aws.CloudWatchMetrics).toEqual([
      {
        Namespace: 'Podthaw',
        Dimensions: [['cluster']],
        Metrics: [
          { Name: 'StuckPods', Unit: 'Count' },
          { Name: 'OldestStuckSeconds', Unit: 'Seconds' },
        ],
      },
    ]);
    expect(Object.keys(emitted[0] ?? {}).sort()).toEqual([
      'OldestStuckSeconds',
      'StuckPods',
      '_aws',
      'cluster',
    ]);
    expect(JSON.stringify(emitted)).not.toMatch(/cart-1|00000000-0000/);
  });

  test('counts those that overstay by stuckAfterSeconds, no others', async () => {
    const shop = await startShop({ settings: { stuckAfterSeconds: 3_600 } });
    addStuckPod(shop, { uid: uid(1), name: 'just', overdueSeconds: 3_601 });
    addStuckPod(shop, { uid: uid(2), name: 'not-yet', overdueSeconds: 3_000 });
    const { emitted } = await detect();
    expect(emitted.map(({ StuckPods }) => StuckPods)).toEqual([1]);
  });
});

test('where nothing is stuck, that is emitted too: silence means that nobody looked', async () => {
  await startShop();
  const { emitted, logged } = await detect();
  expect(emitted.map(values)).toEqual([{ cluster: CLUSTER, StuckPods: 0, OldestStuckSeconds: 0 }]);
  expect(logged).toEqual([]);
});

describe('nothing is emitted after a listing that is not whole:', () => {
  test.each<[string, Fault, string]>([
    ['denied on its second page', forbidden(), 'does not let podthaw list pods'],
    ['broken on its second page', failing('BadRequest', 400), 'did not answer as expected'],
    ['expired on every second page', failing('Expired', 410), 'the list expired'],
  ])('%s', async (_, fault, words) => {
    const at = (nth: number) => ({
      metadata: {
        namespace: 'shop',
        name: `cart-${nth}`,
        uid: uid(nth),
        deletionTimestamp: '2026-01-01T00:00:00Z',
      },
    });
    const shop = await startShop({ kubernetes: { generated: { count: 700, at } } });
    shop.kubernetes.faults.when('listPods', (nth) => (nth % 2 === 0 ? fault : undefined));
    const { emitted, logged } = await detect();
    expect(emitted).toEqual([]);
    expect(logged).toMatchObject([
      {
        level: 'ERROR',
        message: 'cannot list pods',
        cluster: CLUSTER,
        problem: expect.stringContaining(words),
      },
    ]);
  });

  test('EKS denies', async () => {
    const shop = await startShop();
    shop.eks.faults.when('DescribeCluster', () => failing('AccessDeniedException', 403, 'no'));
    const { emitted, logged } = await detect();
    expect(emitted).toEqual([]);
    expect(logged).toMatchObject([{ problem: expect.stringContaining('eks:DescribeCluster') }]);
    expect(shop.eks.calls.get('DescribeCluster')).toBe(1);
  });

  test('an API that stays silent: the detector says so before its time is up', async () => {
    const shop = await startShop();
    shop.kubernetes.faults.when('listPods', () => hanging);
    const { emitted, logged } = await detect(8_000);
    expect(emitted).toEqual([]);
    expect(logged).toMatchObject([{ problem: expect.stringContaining('cannot be reached') }]);
  });

  test('the log never holds the token', async () => {
    const shop = await startShop();
    await shop.kubernetes.close();
    const { logged } = await detect();
    expect(logged).toHaveLength(1);
    expect(JSON.stringify(logged)).not.toMatch(/k8s-aws-v1|Bearer|X-Amz-Signature/);
  });
});

test('throttling is outlasted', async () => {
  const shop = await startShop();
  addStuckPod(shop, { uid: uid(1) });
  shop.eks.faults.next('DescribeCluster', throttled(), throttled());
  shop.kubernetes.faults.next('listPods', tooManyRequests(1), tooManyRequests(1));
  const { emitted } = await detect();
  expect(emitted.map(({ StuckPods }) => StuckPods)).toEqual([1]);
  expect(shop.eks.calls.get('DescribeCluster')).toBe(3);
  expect(shop.kubernetes.calls.get('listPods')).toBe(3);
});

describe('several clusters', () => {
  const OTHERS = ['second', 'third'];

  /** The shop's cluster, and two more that the same EKS knows. */
  async function startThree() {
    const clusters = [CLUSTER, ...OTHERS].map((name) => ({ name }));
    const shop = await startShop({ settings: { clusters } });
    const apis = await Promise.all(OTHERS.map((name) => addCluster(shop, name)));
    onTestFinished(async () => {
      await Promise.all(apis.map((api) => api.close()));
    });
    return { shop, apis };
  }

  test('each has its own metrics; one that fails is left out, the others are not', async () => {
    const { shop, apis } = await startThree();
    addStuckPod(shop, { uid: uid(1) });
    apis[0]?.faults.when('listPods', forbidden);
    const { emitted, logged } = await detect();
    expect(emitted.map(({ cluster, StuckPods }) => [cluster, StuckPods]).sort()).toEqual([
      [CLUSTER, 1],
      ['third', 0],
    ]);
    expect(logged.filter(({ level }) => level === 'ERROR')).toMatchObject([{ cluster: 'second' }]);
  });

  test('one that stays silent does not hold up the others', async () => {
    const { shop } = await startThree();
    shop.kubernetes.faults.when('listPods', () => hanging);
    const { ended, soFar } = startDetector(20_000);
    while (soFar().emitted.length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(soFar().logged).toEqual([]);
    const { emitted, logged } = await ended;
    expect(emitted.map(({ cluster }) => cluster).sort()).toEqual(OTHERS);
    expect(logged).toMatchObject([{ cluster: CLUSTER }]);
  });
});
