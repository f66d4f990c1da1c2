/** Several clusters in one deployment: what goes wrong at one is told, and stops no other. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { failing } from '../../local/endpoints/faults.ts';
import { forbidden } from '../../local/endpoints/kubernetes.ts';
import type { Pipeline } from '../../local/pipeline.ts';
import { addCluster } from './clusters.ts';
import { makeFleet } from './fleet.ts';
import { addStuckPod, CLUSTER, sent, startShop, TAGS } from './shop.ts';

// The first pipeline of a process synthesizes the SSM document.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const SECOND = 'second-cluster';
const sweep = { 'detail-type': 'Scheduled Event', source: 'aws.events' };

/** The shop's cluster, and a second one with a stuck pod on a node of its own. */
async function startTwo() {
  const fleet = makeFleet({ nodes: 1, podsEach: 1 }, ({ uid }) => void second.pods.delete(uid));
  const clusters = [{ name: CLUSTER }, { name: SECOND }];
  const tags = { ...TAGS, [`kubernetes.io/cluster/${SECOND}`]: 'owned' };
  const nodes = fleet.nodes.map((node) => ({ ...node, tags }));
  const shop: Pipeline = await startShop({ nodes, settings: { clusters } });
  const second = await addCluster(shop, SECOND);
  onTestFinished(() => second.close());
  for (const { uid, name, node } of fleet.pods) {
    second.pods.add({
      metadata: { namespace: 'shop', name, uid, deletionTimestamp: '2026-01-01T00:00:00Z' },
      spec: { nodeName: node },
    });
  }
  return shop;
}

test('one that cannot be looked at: its problem and the other’s outcome, a message each', async () => {
  const shop = await startTwo();
  shop.kubernetes.faults.when('listPods', forbidden);
  const outcomes = await shop.invoke(sweep);
  expect(outcomes).toMatchObject([
    { cluster: CLUSTER, pods: [], problem: expect.stringContaining('AmazonEKSViewPolicy') },
    { cluster: SECOND, summary: { deleted: 1 } },
  ]);
  expect(shop.slack.messages).toHaveLength(2);
});

test('a fault at one: the other has its turn, and then the function fails', async () => {
  const shop = await startTwo();
  addStuckPod(shop, { uid: '11111111-2222-4333-8444-555555555555' });
  shop.ec2.faults.next('DescribeInstances', failing('InvalidParameterValue', 400, 'what is this'));
  await expect(shop.invoke(sweep)).rejects.toThrow('what is this');
  expect(sent(shop)).toBe(1);
  expect(shop.sns.publications).toHaveLength(1);
  expect(shop.sns.publications[0]?.subject).toContain('cart-0-0');
});

test('faults at both are thrown both', async () => {
  const shop = await startTwo();
  addStuckPod(shop, { uid: '11111111-2222-4333-8444-555555555555' });
  const fault = failing('InvalidParameterValue', 400, 'what is this');
  shop.ec2.faults.when('DescribeInstances', () => fault);
  await expect(shop.invoke(sweep)).rejects.toMatchObject({
    message: "2 clusters' runs failed",
    errors: [{ message: 'what is this' }, { message: 'what is this' }],
  });
  expect(sent(shop)).toBe(0);
});
