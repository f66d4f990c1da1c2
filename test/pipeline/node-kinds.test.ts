/** Nodes that take no command are told apart by kind; static pods are found by the kubelet's UID. */
import { expect, test, vi } from 'vitest';
import type { Pipeline } from '../../local/pipeline.ts';
import { makeFleet } from './fleet.ts';
import { addStuckPod, alarm, INSTANCE, NODE, only, sent, startShop, TAGS } from './shop.ts';

// The first pipeline of a process synthesizes the SSM document.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const uid = '11111111-2222-4333-8444-555555555555';

test.each<[string, string, object, string]>([
  ['hybrid', 'mi-0123456789abcdef0', {}, 'a hybrid node'],
  ['Fargate', 'fargate-ip-10-0-1-5.eu-central-1.compute.internal', {}, 'a Fargate node'],
  ['Auto Mode', INSTANCE, { managedBy: 'eks.amazonaws.com' }, 'EKS Auto Mode'],
  ['Windows', NODE, { platform: 'windows' }, 'a Windows node: it has no cgroup freezer'],
  ['of another cluster', NODE, { tags: {} }, '0 running instances'],
  ['stopped', NODE, { state: 'stopped' }, '0 running instances'],
])('a node that is %s: unreachable, with the reason, told once', async (_, node, ec2, reason) => {
  const shop = await startShop({ node: ec2 });
  addStuckPod(shop, { uid, node });
  for (let runs = 0; runs < 2; runs += 1) {
    expect(only(await shop.invoke(alarm())).pods).toMatchObject([
      { node, outcome: 'unreachable', reason: expect.stringContaining(reason) },
    ]);
  }
  expect(shop.slack.messages).toHaveLength(1);
  expect(JSON.stringify(shop.slack.messages)).toContain(reason);
  expect(sent(shop)).toBe(0);
});

test('a pod that no node runs is unreachable too', async () => {
  const shop = await startShop();
  const deletionTimestamp = '2026-01-01T00:00:00Z';
  shop.kubernetes.pods.add({
    metadata: { namespace: 'shop', name: 'pending', uid, deletionTimestamp },
  });
  expect(only(await shop.invoke(alarm())).pods).toMatchObject([
    { outcome: 'unreachable', reason: expect.stringContaining('not scheduled to a node') },
  ]);
  expect([sent(shop), shop.ec2.calls.size]).toEqual([0, 0]);
});

test('beside such nodes the others are done', async () => {
  const fleet = makeFleet(
    { nodes: 2, podsEach: 1 },
    (pod) => void shop.kubernetes.pods.delete(pod.uid),
  );
  const shop: Pipeline = await startShop({ nodes: fleet.nodes });
  for (const pod of fleet.pods) addStuckPod(shop, pod);
  addStuckPod(shop, { uid, name: 'far', node: 'fargate-ip-10-0-1-5' });
  const { summary } = only(await shop.invoke(alarm()));
  expect(summary).toEqual({ deleted: 2, unreachable: 1 });
  expect([sent(shop), shop.ec2.calls.get('DescribeInstances')]).toEqual([1, 1]);
});

test('a static pod is thawed by its hash, and confirmed by its mirror’s UID', async () => {
  const hash = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
  const annotations = { 'kubernetes.io/config.mirror': hash, 'kubernetes.io/config.hash': hash };
  const targets: (string | undefined)[] = [];
  const shop: Pipeline = await startShop({
    nodes: [
      {
        instanceId: INSTANCE,
        privateDnsName: NODE,
        tags: TAGS,
        behaviour: {
          kind: 'canned',
          output: ({ parameters }) => {
            targets.push(parameters.Targets);
            shop.kubernetes.pods.delete(uid);
            return { stdout: thawedReport(hash) };
          },
        },
      },
    ],
  });
  addStuckPod(shop, { uid, name: `cache-${NODE}`, metadata: { annotations } });
  expect(only(await shop.invoke(alarm())).pods).toMatchObject([
    {
      uid,
      outcome: 'deleted',
      cause: 'paused',
      reason: 'thawed, and the pod is gone from the API',
    },
  ]);
  expect(targets).toEqual([hash]);
});

function thawedReport(target: string): string {
  const report = {
    podthaw: 1,
    action: 'thaw',
    node: { hostname: 'node', kernel: '6.1', cgroup: 'v2' },
    startedAt: '2026-11-24T03:00:00Z',
    durationMs: 1,
    targets: [{ target, verdict: 'thawed', cause: 'paused' }],
  };
  return `${JSON.stringify(report)}\n`;
}
