import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makePlan, nodeCap, type Placement, type PlanInput } from '../../../lambda/domain/plan.ts';
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

const anyPod = fc.record({
  node: fc.constantFrom('node-a', 'node-b', 'far', 'gone', undefined),
  namespace: fc.constantFrom('shop', 'kube-system'),
  labels: fc.constantFrom({}, { 'podthaw.dev/hold': 'true' }),
});

test('every pod stands in work or in leftOut, exactly once', () => {
  fc.assert(
    fc.property(fc.array(anyPod), fc.boolean(), fc.boolean(), (fields, thaw, capped) => {
      const pods = fields.map((each, n) => podOf(n, each));
      const { work, leftOut } = planOf({ pods, thaw, capped });
      const out = [...work.flatMap((w) => w.pods), ...leftOut.map(({ pod }) => pod)];
      expect(out.map(({ uid }) => uid).sort()).toEqual(pods.map(({ uid }) => uid).sort());
      for (const { reason } of leftOut) expect(reason).not.toBe('');
    }),
  );
});
