/** Generated nests with random freezes against a simple oracle: the target's tasks are free, and nothing else is touched. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cgroup, freeze, isSelfFrozen, makeTree, makeCgroup, removeTree } from '../real/cgroup.ts';
import { reportIn, runAfter } from '../real/freezer-script.ts';
import { type Hierarchy, onlySees } from '../real/mounts.ts';
import { sleeper, startIn } from '../real/process.ts';
import { seedOf } from '../real/seed.ts';
import { describeFreezers } from '../real/suite.ts';
import { podNames } from './pod-names.ts';
import { atOnce } from './pods.ts';

/** A cgroup of the plan: where, and what it does to itself. */
type Node = { path: string; freezes: boolean; busy: boolean };

const name = fc.constantFrom('a', 'b', 'c', 'deep.slice', 'with space', 'semi;colon', ':', "quo'te", '*', 'é', `pod${podNames().uid}`);
const anyNode = fc.record({
  path: fc.array(name, { minLength: 0, maxLength: 5 }),
  freezes: fc.integer({ min: 0, max: 2 }).map((one) => one === 0),
  busy: fc.integer({ min: 0, max: 3 }).map((one) => one === 0),
});

const target = podNames('cgroupfs');
const homes = [target.pod, target.container, podNames('cgroupfs').pod, podNames('systemd').pod, 'kubepods', 'system.slice'];

/** Below the target's pod twice as often as elsewhere. */
const anyHome = fc.oneof(fc.constantFrom(target.pod, target.container), fc.constantFrom(...homes));
const anyNest = fc
  .array(fc.tuple(anyHome, anyNode), { minLength: 3, maxLength: 14 })
  .map((nodes): Node[] => {
    const all = nodes.map(([home, node]) => ({ ...node, path: [home, ...node.path].join('/') }));
    return [...all, { path: target.container, freezes: true, busy: true }];
  });
