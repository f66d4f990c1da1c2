/** A node made of plain files, for what this machine's kernel cannot show: PODTHAW_HOST_ROOT points at it. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Hierarchy } from '../real/mounts.ts';

export type FakeTask = {
  tid: number;
  /** Raw bytes, as the kernel allows; no NUL. */
  comm?: Uint8Array | string;
  state?: string;
  /** Bits of ShdPnd, such as 1 << 8 for SIGKILL. */
  pending?: number;
};

const mounts = {
  v1: '31 1 0:27 / /freezer rw - cgroup cgroup rw,freezer\n',
  v2: '30 1 0:26 / /unified rw - cgroup2 cgroup2 rw\n',
};
const folders = { v1: 'freezer', v2: 'unified' };

/** Thousands of small files are nothing here, and minutes on a busy disk. */
const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export type FakeNode = { root: string; env: { PODTHAW_HOST_ROOT: string } };

export function makeNode(...hierarchies: Hierarchy[]): FakeNode {
  const root = mkdtempSync(join(memory, 'podthaw-node-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const folder of ['proc/self', 'proc/sys/kernel', 'run']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  const lines = hierarchies.map((hierarchy) => mounts[hierarchy]);
  writeFileSync(join(root, 'proc/self/mountinfo'), lines.join(''));
  writeFileSync(join(root, 'proc/sys/kernel/hostname'), 'ip-10-0-1-5\n');
  writeFileSync(join(root, 'proc/sys/kernel/osrelease'), '5.10.245\n');
  for (const hierarchy of hierarchies) mkdirSync(join(root, folders[hierarchy]));
  return { root, env: { PODTHAW_HOST_ROOT: root } };
}

/** Adds a cgroup and the ones above it; `path` may hold any bytes, given as latin1. */
export function addCgroup(
  { root }: FakeNode,
  hierarchy: Hierarchy,
  path: string,
  { frozen = false, tids = [] }: { frozen?: boolean; tids?: number[] } = {},
): void {
  const dir = Buffer.from(`${root}/${folders[hierarchy]}${path}`, 'latin1');
  mkdirSync(dir, { recursive: true });
  const files = hierarchy === 'v1' ? v1Files(frozen, tids) : v2Files(frozen, tids);
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(Buffer.concat([dir, Buffer.from(`/${name}`)]), content);
  }
}

function v1Files(frozen: boolean, tids: number[]): Record<string, string> {
  return {
    'freezer.state': frozen ? 'FROZEN\n' : 'THAWED\n',
    'freezer.self_freezing': frozen ? '1\n' : '0\n',
    'freezer.parent_freezing': '0\n',
    tasks: tids.map((tid) => `${tid}\n`).join(''),
  };
}

function v2Files(frozen: boolean, tids: number[]): Record<string, string> {
  return {
    'cgroup.freeze': frozen ? '1\n' : '0\n',
    'cgroup.events': `populated 1\nfrozen ${frozen ? 1 : 0}\n`,
    'cgroup.threads': tids.map((tid) => `${tid}\n`).join(''),
  };
}

export function addTask({ root }: FakeNode, task: FakeTask): void {
  const { tid, comm = 'sleep', state = 'D (disk sleep)', pending = 0 } = task;
  const dir = join(root, `proc/${tid}`);
  mkdirSync(dir);
  const shared = pending.toString(16).padStart(16, '0');
  const fields = [
    `State:\t${state}`,
    `Tgid:\t${tid}`,
    `PPid:\t1`,
    'TracerPid:\t0',
    `NSpid:\t${tid}`,
  ];
  const status = [...fields, `SigPnd:\t${'0'.repeat(16)}`, `ShdPnd:\t${shared}`, ''].join('\n');
  writeFileSync(join(dir, 'status'), status);
  writeFileSync(join(dir, 'comm'), Buffer.concat([Buffer.from(comm), Buffer.from('\n')]));
  writeFileSync(join(dir, 'wchan'), 'hrtimer_nanosleep');
  writeFileSync(join(dir, 'stack'), '[<0>] hrtimer_nanosleep+0x9c/0x110\n');
}

/** Adds a task that looks like another one. */
export function addTaskLike({ root }: FakeNode, tid: number, other: number): void {
  symlinkSync(join(root, `proc/${other}`), join(root, `proc/${tid}`));
}

/** Adds a task as it was recorded: its files of /proc. */
export function addRecorded({ root }: FakeNode, tid: number, recording: URL): void {
  cpSync(recording, join(root, `proc/${tid}`), { recursive: true });
}
