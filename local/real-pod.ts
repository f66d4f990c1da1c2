/** A pod in the real freezer: its cgroup, a process in it, frozen, and a kill that does not come through. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Freezer } from './freezer.ts';
import type { StuckPod } from './stuck-pod.ts';

/** The files and words in which a hierarchy speaks of freezing. */
const WORDS = {
  v1: { own: 'freezer.state', freeze: 'FROZEN', thaw: 'THAWED', signal: 'SIGKILL' },
  // A v2 freeze does not stop SIGKILL; what waits for the thaw is a SIGTERM that has a handler.
  v2: { own: 'cgroup.freeze', freeze: '1', thaw: '0', signal: 'SIGTERM' },
} as const;

/** Runs until told to end; its handler is what a graceful shutdown would be. */
const COMMAND = 'trap "exit 0" TERM; while :; do sleep 0.2; done';

/** @throws Error where the freezer does not freeze within five seconds; nothing is left behind then */
export async function makeRealPod(freezer: Freezer): Promise<StuckPod> {
  const uid = randomUUID();
  const words = WORDS[freezer.version];
  const relative = `/podthaw-demo-${process.pid}/kubepods/burstable/pod${uid}/demo`;
  const cgroup = path.join(freezer.mount, relative);
  await mkdir(cgroup, { recursive: true });
  const child = spawn('sh', ['-c', COMMAND], { stdio: 'ignore' });
  const remove = () => removeAll(child, cgroup, freezer.mount, words);
  try {
    if (child.pid === undefined) throw new Error('the demo process did not start');
    await writeFile(path.join(cgroup, 'cgroup.procs'), String(child.pid));
    await writeFile(path.join(cgroup, words.own), words.freeze);
    await until(async () => (await readState(cgroup, freezer.version)) === 'FROZEN');
    child.kill(words.signal);
    await sleep(500);
    return pod(child, child.pid, { uid, relative, cgroup, freezer, remove });
  } catch (error) {
    await remove();
    throw error;
  }
}

interface Parts {
  uid: string;
  relative: string;
  cgroup: string;
  freezer: Freezer;
  remove: () => Promise<void>;
}

function pod(child: ChildProcess, pid: number, parts: Parts): StuckPod {
  const gone = async () => child.exitCode !== null || child.signalCode !== null;
  return {
    uid: parts.uid,
    pid,
    path: parts.relative,
    tried: WORDS[parts.freezer.version].signal,
    environment: {},
    state: () => readState(parts.cgroup, parts.freezer.version),
    processState: async () => ((await gone()) ? undefined : processState(pid)),
    gone,
    remove: parts.remove,
  };
}

/** The effective state in v1's words: v2 keeps it in cgroup.events, as `frozen 1`. */
async function readState(cgroup: string, version: Freezer['version']): Promise<string> {
  if (version === 'v1') return (await readFile(path.join(cgroup, 'freezer.state'), 'utf8')).trim();
  const events = await readFile(path.join(cgroup, 'cgroup.events'), 'utf8');
  return events.includes('frozen 1') ? 'FROZEN' : 'THAWED';
}

/** `state D, pending KILL`: from /proc/PID/status, which never blocks. */
async function processState(pid: number): Promise<string | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined);
  if (status === undefined) return undefined;
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  const pending = BigInt(`0x${field('SigPnd') || 0}`) | BigInt(`0x${field('ShdPnd') || 0}`);
  const names = Object.entries({ KILL: 9n, TERM: 15n })
    .filter(([, number]) => pending & (1n << (number - 1n)))
    .map(([name]) => `SIG${name}`);
  return `state ${field('State')}, pending ${names.join(' and ') || 'nothing'}`;
}

async function removeAll(
  child: ChildProcess,
  cgroup: string,
  mount: string,
  words: (typeof WORDS)[keyof typeof WORDS],
): Promise<void> {
  await writeFile(path.join(cgroup, words.own), words.thaw).catch(ignoreGone);
  const stillRuns = child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  if (stillRuns && child.kill('SIGKILL')) await once(child, 'exit');
  for (let folder = cgroup; folder !== mount; folder = path.dirname(folder)) {
    await untilEmpty(folder);
  }
}

/** The shell's last `sleep` may outlive it by a moment, and holds the cgroup as long. */
async function untilEmpty(folder: string): Promise<void> {
  await until(async () => {
    try {
      await rmdir(folder);
      return true;
    } catch (error) {
      ignoreBusyOrGone(error);
      return isCode(error, 'ENOENT');
    }
  });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 5_000; waited += 20) {
    if (await condition()) return;
    await sleep(20);
  }
  throw new Error('the freezer did not get there within 5 s');
}

function ignoreGone(error: unknown): void {
  if (!isCode(error, 'ENOENT') && !isCode(error, 'ENODEV')) throw error;
}

function ignoreBusyOrGone(error: unknown): void {
  if (!isCode(error, 'EBUSY')) ignoreGone(error);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
