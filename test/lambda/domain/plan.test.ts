import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_ATTEMPTS } from '../../../lambda/domain/claim.ts';
import {
  makePlan,
  nodeCap,
  type Placement,
  type Plan,
  type PlanInput,
} from '../../../lambda/domain/plan.ts';
import type { TerminatingPod } from '../../../lambda/domain/pod.ts';
import { NOW, podOf } from './pods.ts';

const settings = { protectedNamespaces: ['kube-system'], blastRadius: { share: 0.1, floor: 3 } };
const placements = new Map<string, Placement>([
  ['node-a', { instanceId: 'i-a' }],
  ['node-b', { instanceId: 'i-b' }],
  ['far', { unreachable: 'a hybrid node' }],
]);
const planOf = (fields: Partial<PlanInput>) =>
  makePlan({
    pods: [],
    placements,
    claims: new Map(),
    now: NOW,
    nodeCount: 10,
    thaw: true,
    capped: true,
    settings,
    ...fields,
  });

describe('who is left out, and why', () => {
  test.each([
    ['a hold', { labels: { 'podthaw.dev/hold': 'true' } }, 'held', 'label podthaw.dev/hold'],
    ['a protected namespace', { namespace: 'kube-system' }, 'held', 'protected namespace'],
    ['no node', { node: undefined }, 'unreachable', 'not scheduled'],
    ['a node nobody knows', { node: 'gone' }, 'unreachable', 'no instance is known'],
    ['a node out of reach', { node: 'far' }, 'unreachable', 'a hybrid node'],
  ])('%s', (_, fields, outcome, reason) => {
    const pod = podOf(1, fields);
    expect(planOf({ pods: [pod] })).toEqual({
      work: [],
      leftOut: [expect.objectContaining({ pod, outcome, reason: expect.stringContaining(reason) })],
    });
  });

  test('a check looks at held pods too', () => {
    const pod = podOf(1, { namespace: 'kube-system' });
    expect(planOf({ pods: [pod], thaw: false }).work).toMatchObject([{ pods: [pod] }]);
  });
});

test('pods of one node go together, the most overdue node first', () => {
  const [a1, a2] = [podOf(1), podOf(2)];
  const b = podOf(3, { node: 'node-b', deletionTimestamp: '2026-11-24T01:00:00Z' });
  expect(planOf({ pods: [a1, b, a2] }).work).toEqual([
    { node: 'node-b', instanceId: 'i-b', pods: [b] },
    { node: 'node-a', instanceId: 'i-a', pods: [a1, a2] },
  ]);
});

describe('the blast radius', () => {
  test.each([
    [3, 3],
    [30, 3],
    [31, 4],
    [3000, 300],
    [0, 3],
  ])('of %i nodes: %i', (nodeCount, cap) => {
    expect(nodeCap({ nodeCount, settings })).toBe(cap);
  });

  const many = Array.from({ length: 5 }, (_, n) => podOf(n, { node: `n-${n}` }));
  const known = new Map(many.map((_, n) => [`n-${n}`, { instanceId: `i-${n}` }]));
  const input = { pods: many, placements: known, nodeCount: 5 };

  test('defers what is beyond it to the next run', () => {
    const { work, leftOut } = planOf(input);
    expect(work).toHaveLength(3);
    expect(leftOut.map(({ outcome }) => outcome)).toEqual(['deferred', 'deferred']);
    expect(leftOut[0]?.reason).toContain('at most 3 nodes');
  });

  test.each([{ thaw: false }, { capped: false }])('does not bind %j', (fields) => {
    expect(planOf({ ...input, ...fields }).work).toHaveLength(5);
  });
});

test.each([
  ['three nodes: each of them', 3, { share: 0.1, floor: 3 }, 3],
  ['a small cluster: never less than the floor', 12, { share: 0.1, floor: 3 }, 3],
  ['three thousand: a tenth', 3_000, { share: 0.1, floor: 3 }, 300],
  ['a share rounds up', 41, { share: 0.1, floor: 3 }, 5],
  ['no share: the floor alone', 3_000, { share: 0, floor: 7 }, 7],
  ['all of them', 3_000, { share: 1, floor: 1 }, 3_000],
])('%s', (_, nodeCount, blastRadius, cap) => {
  const nodes = Array.from({ length: nodeCount }, (__, n) => `n-${n}`);
  const { work, leftOut } = planOf({
    pods: nodes.map((node, n) => podOf(n, { node })),
    placements: new Map(nodes.map((node, n) => [node, { instanceId: `i-${n}` }])),
    nodeCount,
    settings: { ...settings, blastRadius },
  });
  expect(work).toHaveLength(cap);
  expect(leftOut).toHaveLength(nodeCount - cap);
});

describe('whatever the cluster looks like', () => {
  const NODES = ['node-a', 'node-b', 'node-c', 'node-d', 'node-e', 'far', 'gone', undefined];
  const all = new Map<string, Placement>(
    NODES.slice(0, 5).map((node) => [node ?? '', { instanceId: `i-${node}` }]),
  ).set('far', { unreachable: 'a hybrid node' });
  const anyClaim = fc.option(
    fc.record({
      attempts: fc.nat({ max: 4 }),
      notBefore: fc.integer({ min: -600_000, max: 600_000 }).map((ms) => NOW.getTime() + ms),
      runId: fc.constantFrom('run-1', undefined),
      last: fc.constantFrom(undefined, { outcome: 'not-frozen' as const, reason: 'nfs' }),
    }),
    { nil: undefined },
  );
  const anyPod = fc.record({
    node: fc.constantFrom(...NODES),
    namespace: fc.constantFrom('shop', 'shop', 'kube-system'),
    labels: fc.constantFrom({}, {}, { 'podthaw.dev/hold': 'true' }),
    annotations: fc.constantFrom(
      {},
      {},
      { 'podthaw.dev/hold': 'true' },
      { 'podthaw.dev/hold': 'no' },
    ),
    // Few values, so that nodes tie.
    overdue: fc.constantFrom(0, 120, 300, 86_400),
    claim: anyClaim,
  });
  const anyInput = fc
    .record({
      fields: fc.array(anyPod, { maxLength: 40 }),
      thaw: fc.boolean(),
      capped: fc.boolean(),
      floor: fc.integer({ min: 1, max: 4 }),
    })
    .map(({ fields, thaw, capped, floor }) => {
      const pods = fields.map(({ overdue, claim: _, ...each }, n) => {
        const deletionTimestamp = new Date(NOW.getTime() - overdue * 1000).toISOString();
        return podOf(n, { ...each, deletionTimestamp });
      });
      const claims = new Map(
        fields.flatMap(({ claim }, n) => (claim ? [[podOf(n).uid, claim] as const] : [])),
      );
      const blastRadius = { share: 0.1, floor };
      const input = { pods, claims, thaw, capped, placements: all, nodeCount: 5 };
      return { ...input, settings: { ...settings, blastRadius } };
    });
  const check = (
    property: (input: Parameters<typeof planOf>[0] & { pods: TerminatingPod[] }) => void,
  ) => fc.assert(fc.property(anyInput, property), { numRuns: 300 });

  test('every pod stands in work or in leftOut, exactly once, and each left out with its reason', () => {
    check((input) => {
      const { work, leftOut } = planOf(input);
      const out = [...work.flatMap((w) => w.pods), ...leftOut.map(({ pod }) => pod)];
      expect(out.map(({ uid }) => uid).sort()).toEqual(input.pods.map(({ uid }) => uid).sort());
      for (const { reason } of leftOut) expect(reason).toMatch(/\w{3}/);
    });
  });

  test('what is sent is sent to its own node, once a node, the most overdue first', () => {
    check((input) => {
      const { work } = planOf(input);
      for (const { node, instanceId, pods } of work) {
        expect(all.get(node)).toEqual({ instanceId });
        expect(pods.every((pod) => pod.node === node)).toBe(true);
      }
      expect(new Set(work.map(({ node }) => node)).size).toBe(work.length);
      const oldest = work.map(({ pods }) => pods.map((pod) => pod.deletionTimestamp).sort()[0]);
      expect(oldest).toEqual(oldest.toSorted());
    });
  });

  test('a thaw is sent for no pod that is held, protected, claimed or used up', () => {
    check((input) => {
      const { work, leftOut } = planOf(input);
      const sent = work.flatMap(({ pods }) => pods);
      for (const pod of input.thaw ? sent : []) {
        expect(pod.namespace).not.toBe('kube-system');
        expect([pod.labels, pod.annotations]).not.toContainEqual({ 'podthaw.dev/hold': 'true' });
        const claim = input.claims?.get(pod.uid);
        expect(claim?.notBefore ?? 0).toBeLessThanOrEqual(NOW.getTime());
        expect(claim?.attempts ?? 0).toBeLessThan(MAX_ATTEMPTS);
      }
      const kinds = new Set(leftOut.map(({ outcome }) => outcome));
      if (!input.thaw) expect([...kinds].every((kind) => kind === 'unreachable')).toBe(true);
    });
  });

  test('nodes at work, other runs’ included, stay within the cap; nothing is deferred below it', () => {
    check((input) => {
      const { work, leftOut } = planOf(input);
      const nodesWith = (kind: string) =>
        new Set(leftOut.filter(({ outcome }) => outcome === kind).map(({ pod }) => pod.node));
      const busy = nodesWith('in-progress');
      const deferred = nodesWith('deferred');
      const touched = new Set([...busy, ...work.map(({ node }) => node)]);
      const cap = input.thaw && input.capped ? (input.settings?.blastRadius.floor ?? 0) : Infinity;
      expect(touched.size).toBeLessThanOrEqual(Math.max(cap, busy.size));
      if (deferred.size > 0) expect(touched.size).toBeGreaterThanOrEqual(cap);
    });
  });

  test('the order of the listing decides nothing but the order within a node', () => {
    check((input) => {
      const shuffled = { ...input, pods: input.pods.toReversed() };
      const nodes = (plan: Plan) => plan.work.map(({ node }) => node);
      expect(nodes(planOf(shuffled))).toEqual(nodes(planOf(input)));
    });
  });
});
