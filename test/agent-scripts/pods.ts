/** Pods on the real freezers, with real processes in them. */
import { readFileSync } from 'node:fs';
import { below, type Cgroup, freeze, frozen, makeTree } from '../real/cgroup.ts';
import type { Hierarchy } from '../real/mounts.ts';
import { type Started, sleeper, startIn, until } from '../real/process.ts';
import { type Driver, podNames } from './pod-names.ts';

export type Pod = { uid: string; pod: Cgroup; container: Cgroup };

/** Enough for whatever needs no settle window and leaves no task to wait for. */
export const atOnce = ['--settle', '0', '--wait', '0'];

export function makePod(hierarchy: Hierarchy, driver?: Driver): Pod {
  return podIn(makeTree(hierarchy), driver);
}

export function podIn(tree: Cgroup, driver?: Driver, uid?: string): Pod {
  const names = podNames(driver, uid);
  return { uid: names.uid, pod: below(tree, names.pod), container: below(tree, names.container) };
}

/** A pod whose one container sleeps, frozen as `docker pause` does it. */
export async function pausedPod(hierarchy: Hierarchy, command = sleeper): Promise<Pod & Started> {
  const pod = makePod(hierarchy);
  const started = await startIn([pod.container], command);
  await freezeAll(pod.container);
  return { ...pod, ...started };
}

export async function freezeAll(...cgroups: Cgroup[]): Promise<void> {
  for (const cgroup of cgroups) {
    freeze(cgroup);
    await frozen(cgroup);
  }
}

export function wchanOf(pid: number): string {
  return readFileSync(`/proc/${pid}/wchan`, 'utf8');
}

export function waitsIn(pid: number, where: RegExp): Promise<void> {
  return until(`${pid} waits in ${where}`, () => where.test(wchanOf(pid)));
}

/** What it is in, the functions' names alone: offsets tell nobody anything. */
export function stackOf(tid: number): string[] {
  const stack = readFileSync(`/proc/${tid}/stack`, 'utf8');
  return [...stack.matchAll(/\] (\w[\w.]*)/g)].map(([, name = '']) => name);
}
