/** A host root that shows a part of this machine's real freezers as if it were all of a node. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Cgroup } from './cgroup.ts';

/** What `--all` may be run on while others use this machine's freezers. */
export type View = {
  env: { PODTHAW_HOST_ROOT: string };
  /** Shows another process, started since. */
  show(...pids: number[]): void;
};

const mounts = {
  v1: '31 1 0:27 / /v1 rw - cgroup cgroup rw,freezer\n',
  v2: '30 1 0:26 / /v2 rw - cgroup2 cgroup2 rw\n',
};

/** The trees' own cgroups become the roots of the hierarchies; of /proc, only `pids` are there. */
export function viewOf(trees: Cgroup[], pids: number[]): View {
  const root = mkdtempSync(join(tmpdir(), 'podthaw-view-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'proc/self'), { recursive: true });
  symlinkSync('/proc/sys', join(root, 'proc/sys'));
  const lines = trees.map(({ hierarchy, dir }) => {
    symlinkSync(dir, join(root, hierarchy));
    return mounts[hierarchy];
  });
  writeFileSync(join(root, 'proc/self/mountinfo'), lines.join(''));
  const show = (...more: number[]) => {
    for (const pid of more) symlinkSync(`/proc/${pid}`, join(root, `proc/${pid}`));
  };
  show(...pids);
  return { env: { PODTHAW_HOST_ROOT: root }, show };
}
