/** Generated nests with random freezes against a simple oracle: the target's tasks are free, and nothing else is touched. */
import { existsSync, rmdirSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  below,
  type Cgroup,
  freeze,
  isFrozen,
  isSelfFrozen,
  makeTree,
  thaw,
} from '../real/cgroup.ts';
import { reportIn, runAfter } from '../real/freezer-script.ts';
import { type Hierarchy, onlySees } from '../real/mounts.ts';
import { sleeper, startIn } from '../real/process.ts';
import { seedOf } from '../real/seed.ts';
import { describeWith } from '../real/suite.ts';
import { podNames } from './pod-names.ts';
import { atOnce } from './pods.ts';

/** A cgroup of the plan; the same path may come twice. */
type Planned = { path: string; freezes: boolean; busy: boolean };
type Nest = { target: string; planned: Planned[] };

const rarely = fc.integer({ min: 0, max: 2 }).map((one) => one === 0);
const stranger = podNames();
const anyName = fc.constantFrom(
  'a',
  'b',
  'deep.slice',
  'two words',
  ';',
  ':',
  '"',
  '\\',
  '*',
  'é',
  `pod${stranger.uid}`,
);

/** Around a target pod: in it, beside it, above it, outside the pods' tree. */
function anyNest(driver: 'cgroupfs' | 'systemd'): fc.Arbitrary<Nest> {
  const { uid, pod, container } = podNames(driver);
  const above = pod.split('/').slice(0, -1);
  const inside = fc.constantFrom(pod, container);
  const beside = fc.constantFrom(podNames(driver).pod, podNames().container, 'system.slice');
  const home = fc.oneof({ weight: 3, arbitrary: inside }, { weight: 2, arbitrary: beside });
  const below = fc
    .tuple(home, fc.array(anyName, { maxLength: 5 }))
    .map(([start, names]) => [start, ...names].join('/'));
  const ancestor = fc
    .nat({ max: above.length - 1 })
    .map((depth) => above.slice(0, depth + 1).join('/'));
  const path = fc.oneof({ weight: 14, arbitrary: below }, { weight: 1, arbitrary: ancestor });
  return fc
    .array(fc.record({ path, freezes: rarely, busy: rarely }), { minLength: 3, maxLength: 16 })
    .map((planned) => ({
      target: uid,
      planned: [...planned, { path: container, freezes: true, busy: true }],
    }));
}

const anyPlan = fc.constantFrom('cgroupfs', 'systemd').chain((driver) => anyNest(driver));

/** The same cgroups, some with the other freeze: two hierarchies need not agree. */
function flipped({ target, planned }: Nest, flip: boolean[]): Nest {
  const other = planned.map((one, index) => ({ ...one, freezes: one.freezes !== flip[index] }));
  return { target, planned: other };
}

type Grown = { cgroup: Cgroup; part: 'target' | 'above' | 'other'; froze: boolean };

/** Which cgroups there are and which froze themselves; tasks come from a pool of sleepers. */
function grow(tree: Cgroup, { target, planned }: Nest, pool: number[]): Grown[] {
  const targetPod = pathOf(target, planned);
  const grown = new Map<string, Grown>();
  for (const { path, busy } of planned) {
    const parts = path.split('/');
    for (const depth of parts.keys()) {
      const own = parts.slice(0, depth + 1).join('/');
      grown.set(own, { cgroup: below(tree, own), part: partOf(own, targetPod), froze: false });
    }
    const pid = busy ? pool.pop() : undefined;
    if (pid !== undefined) writeFileSync(`${tree.dir}/${path}/cgroup.procs`, `${pid}`);
  }
  for (const { path, freezes } of planned) {
    const one = grown.get(path);
    if (!freezes || one === undefined) continue;
    freeze(one.cgroup);
    one.froze = true;
  }
  return [...grown.values()];
}

function pathOf(uid: string, planned: Planned[]): string {
  const last = planned.at(-1)?.path ?? '';
  expect(last.replaceAll('_', '-')).toContain(uid);
  return last.split('/').slice(0, -1).join('/');
}

function partOf(path: string, targetPod: string): Grown['part'] {
  if (`${path}/`.startsWith(`${targetPod}/`)) return 'target';
  return targetPod.startsWith(`${path}/`) ? 'above' : 'other';
}

async function thawsJustTheTarget(trees: Cgroup[], uid: string, grown: Grown[]): Promise<void> {
  const report = reportIn(await runAfter(onlySees(...trees), ['thaw', uid, ...atOnce]));
  const bits = grown.map(({ cgroup, part, froze }) => ({
    path: cgroup.path,
    part,
    froze: isSelfFrozen(cgroup) === froze,
  }));
  const stillAbove = grown.filter(({ part, froze }) => part === 'above' && froze);
  const found = grown.filter(({ part, froze }) => part !== 'other' && froze);
  expect(bits.filter(({ part, froze }) => part !== 'target' && !froze)).toEqual([]);
  const own = grown.filter(({ part }) => part === 'target').map(({ cgroup }) => cgroup);
  expect(own.filter(isSelfFrozen)).toEqual([]);
  const heldFromAbove = new Set(stillAbove.map(({ cgroup }) => cgroup.hierarchy));
  expect(own.filter(isFrozen).filter(({ hierarchy }) => !heldFromAbove.has(hierarchy))).toEqual([]);
  const root = new Map(trees.map(({ hierarchy, path }) => [hierarchy, path]));
  expect(report.targets).toMatchObject([
    { target: uid, verdict: stillAbove.length > 0 ? 'frozen' : 'thawed' },
  ]);
  const told = report.targets.flatMap(({ freezes }) => freezes);
  const expected = found.map(({ cgroup: { hierarchy, path }, part }) => {
    const action = part === 'above' ? 'left' : 'thawed';
    return `${hierarchy} ${path.slice(root.get(hierarchy)?.length)} ${action}`;
  });
  expect(
    told.map(({ hierarchy, path, action }) => `${hierarchy} ${path} ${action}`).sort(),
  ).toEqual(expected.sort());
}

/** Free again, tasks back in the pool, folders gone. */
function clear(tree: Cgroup, grown: Grown[], pool: number[]): void {
  for (const { cgroup } of grown) thaw(cgroup);
  for (const pid of pool) writeFileSync(`${tree.dir}/pool/cgroup.procs`, `${pid}`);
  const dirs = grown
    .map(({ cgroup }) => cgroup.dir)
    .sort((one, other) => other.length - one.length);
  for (const dir of dirs) if (existsSync(dir)) rmdirSync(dir);
}

const runs = 25;

describeWith(['v1', 'v2'], 'generated trees', () => {
  test.each<[Hierarchy[]]>([[['v1']], [['v2']], [['v1', 'v2']]])(
    '%j',
    { timeout: 120_000 },
    async (hierarchies) => {
      const seed = seedOf(`generated trees ${hierarchies}`);
      const trees = hierarchies.map(makeTree);
      const pools = trees.map((tree) => below(tree, 'pool'));
      const pids: number[] = [];
      for (let count = 0; count < 6; count += 1) pids.push((await startIn(pools, sleeper)).pid);
      const flips = fc.array(rarely, { minLength: 17, maxLength: 17 });
      for (const [nest, flip] of fc.sample(fc.tuple(anyPlan, flips), { seed, numRuns: runs })) {
        const grown = trees.map((tree, index) => {
          return grow(tree, index === 0 ? nest : flipped(nest, flip), [...pids]);
        });
        await thawsJustTheTarget(trees, nest.target, grown.flat());
        for (const [index, tree] of trees.entries()) clear(tree, grown[index] ?? [], pids);
      }
    },
  );
});
