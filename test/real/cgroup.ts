/** Real cgroups under a name of the tests' own, and their certain removal. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { type Hierarchy, mountPoint } from './mounts.ts';

export type Cgroup = { hierarchy: Hierarchy; path: string; dir: string };

let trees = 0;

/** A fresh folder right below the hierarchy's root; whatever is in it goes when the test ends. */
export function makeTree(hierarchy: Hierarchy): Cgroup {
  clearAbandoned(mountPoint(hierarchy));
  trees += 1;
  const tree = makeCgroup(hierarchy, `/podthaw-test-${process.pid}-${trees}`);
  onTestFinished(() => removeTree(tree.dir));
  return tree;
}

/** Makes a cgroup and all above it. `path` is below the hierarchy's root. */
export function makeCgroup(hierarchy: Hierarchy, path: string): Cgroup {
  const dir = `${mountPoint(hierarchy)}${path}`;
  mkdirSync(dir, { recursive: true });
  return { hierarchy, path, dir };
}

export function below(parent: Cgroup, path: string): Cgroup {
  return makeCgroup(parent.hierarchy, `${parent.path}/${path}`);
}

export function freeze({ hierarchy, dir }: Cgroup): void {
  if (hierarchy === 'v1') writeFileSync(`${dir}/freezer.state`, 'FROZEN');
  else writeFileSync(`${dir}/cgroup.freeze`, '1');
}

export function thaw({ hierarchy, dir }: Cgroup): void {
  if (hierarchy === 'v1') writeFileSync(`${dir}/freezer.state`, 'THAWED');
  else writeFileSync(`${dir}/cgroup.freeze`, '0');
}

/** The cgroup's own bit: did it freeze itself? */
export function isSelfFrozen({ hierarchy, dir }: Cgroup): boolean {
  const file = hierarchy === 'v1' ? 'freezer.self_freezing' : 'cgroup.freeze';
  return readFileSync(`${dir}/${file}`, 'utf8').trim() === '1';
}

/** The effective state, inherited freezes included. */
export function isFrozen({ hierarchy, dir }: Cgroup): boolean {
  if (hierarchy === 'v1') return readFileSync(`${dir}/freezer.state`, 'utf8').trim() === 'FROZEN';
  return readFileSync(`${dir}/cgroup.events`, 'utf8').includes('frozen 1');
}

/** Waits until the freeze is complete: a task on its way into the kernel takes a moment. */
export async function frozen(cgroup: Cgroup): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (isFrozen(cgroup)) return;
    await sleep(10);
  }
  throw new Error(`${cgroup.path} did not freeze within 2 s`);
}

export function tidsIn({ hierarchy, dir }: Cgroup): number[] {
  const file = hierarchy === 'v1' ? 'tasks' : 'cgroup.threads';
  return readFileSync(`${dir}/${file}`, 'utf8').split('\n').filter(Boolean).map(Number);
}

/** Thaws, kills and removes everything at and below `dir`, whatever state a failed test left. */
export async function removeTree(dir: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (tryRemove(dir)) return;
    await sleep(20);
  }
  throw new Error(`could not remove ${dir}`);
}

function tryRemove(dir: string): boolean {
  attempt(() => writeFileSync(`${dir}/freezer.state`, 'THAWED', { flag: 'r+' }));
  attempt(() => writeFileSync(`${dir}/cgroup.freeze`, '0', { flag: 'r+' }));
  for (const pid of read(`${dir}/cgroup.procs`).split('\n').filter(Boolean)) {
    attempt(() => process.kill(Number(pid), 'SIGKILL'));
  }
  for (const child of subfolders(dir)) tryRemove(`${dir}/${child}`);
  attempt(() => rmdirSync(dir));
  return subfolders(dir) === gone;
}

/** Trees of a test run that was itself killed. */
export function clearAbandoned(mount: string): void {
  for (const name of readdirSync(mount)) {
    const [, pid] = /^podthaw-test-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) tryRemove(`${mount}/${name}`);
  }
}

function isAlive(pid: number): boolean {
  return read(`/proc/${pid}/status`) !== '';
}

const gone: string[] = [];

function subfolders(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return gone;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Gone already, or not in this hierarchy: the loop in removeTree judges by what is left.
  }
}
