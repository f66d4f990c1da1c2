/** Real processes in real cgroups, always ended with the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { type Cgroup, thaw, tidsIn } from './cgroup.ts';

export type Started = { pid: number; child: ChildProcess };

/** Starts `command` in all of `cgroups`, and resolves once it runs there. */
export async function startIn(cgroups: Cgroup[], command: string[]): Promise<Started> {
  const enter =
    'IFS=$1; shift; for f in $ENTER; do echo $$ >"$f/cgroup.procs" || exit; done; exec "$@"';
  const child = spawn('/bin/bash', ['-fc', enter, 'start', '\n', ...command], {
    env: { ...process.env, ENTER: cgroups.map((cgroup) => cgroup.dir).join('\n') },
    stdio: 'ignore',
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`could not start ${command.join(' ')}`);
  onTestFinished(() => {
    for (const cgroup of cgroups) tryThaw(cgroup);
    child.kill('SIGKILL');
  });
  await until(`${command[0]} runs in ${cgroups.map(({ path }) => path)}`, () => {
    return cgroups.every((cgroup) => tidsIn(cgroup).includes(pid)) && hasStarted(pid, command);
  });
  return { pid, child };
}

export const sleeper = ['sleep', '600'];

/** Handles SIGTERM by exiting 0: on a frozen v2 cgroup only a thaw lets it. perl-base is always there. */
export const politeSleeper = ['perl', '-e', '$SIG{TERM} = sub { exit 0 }; sleep 600'];

/** Resolves once the process has its SIGTERM handler in place. */
export function handlesTerm(pid: number): Promise<void> {
  return until(`${pid} handles SIGTERM`, () => {
    return (BigInt(`0x${status(pid, 'SigCgt') ?? 0}`) & (1n << 14n)) !== 0n;
  });
}

/** True until the process is gone, or only its zombie is left. */
export function isRunning(pid: number): boolean {
  const state = status(pid, 'State');
  return state !== undefined && !/^[ZX]/.test(state);
}

export function status(pid: number, field: string): string | undefined {
  try {
    const all = readFileSync(`/proc/${pid}/status`, 'utf8');
    return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(all)?.[1];
  } catch {
    return undefined;
  }
}

/** The children of its main thread, in the order of their start. */
export function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

/** Resolves with what `find` finds at last. @throws Error that names what was not found in time */
export async function eventually<T>(what: string, find: () => T | undefined): Promise<T> {
  let found: T | undefined;
  await until(what, () => {
    found = find();
    return found !== undefined;
  });
  if (found === undefined) throw new Error(`not found: ${what}`);
  return found;
}

/** Waits for `condition`, for two seconds at most. @throws Error that names what did not happen */
export async function until(what: string, condition: () => boolean, ms = 2000): Promise<void> {
  for (let waited = 0; waited <= ms; waited += 10) {
    if (condition()) return;
    await sleep(10);
  }
  throw new Error(`not within ${ms} ms: ${what}`);
}

function hasStarted(pid: number, [program = '']: string[]): boolean {
  return status(pid, 'Name') === program.split('/').pop()?.slice(0, 15);
}

function tryThaw(cgroup: Cgroup): void {
  try {
    thaw(cgroup);
  } catch {
    // The test removed the cgroup itself.
  }
}
