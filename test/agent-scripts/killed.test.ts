/** Killed at any moment, as SSM does at its time limit: no stale lock, nothing left behind, and the next run finishes the thaw. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  below,
  type Cgroup,
  freeze,
  frozen,
  isSelfFrozen,
  makeTree,
  tidsIn,
} from '../real/cgroup.ts';
import { inRun, script, shell } from '../real/freezer-script.ts';
import type { Hierarchy } from '../real/mounts.ts';
import { until } from '../real/process.ts';
import { seedOf } from '../real/seed.ts';
import { describeWith } from '../real/suite.ts';
import { atOnce, type Pod, pausedPod } from './pods.ts';

/** One pod, and a /run and a cgroup for the script of its own: lanes run side by side. */
type Lane = { pod: Pod; runFolder: string; runner: Cgroup; usualMs: number };

async function makeLane(hierarchy: Hierarchy): Promise<Lane> {
  const pod = await pausedPod(hierarchy);
  const runner = below(makeTree('v1'), 'runner');
  const lane = { pod, runner, runFolder: mkdtempSync(join(tmpdir(), 'podthaw-run-')), usualMs: 0 };
  const started = performance.now();
  await thawsAtLast(lane);
  return { ...lane, usualMs: performance.now() - started };
}

type Kill = { at: number; group: boolean; forks: boolean };

const anyKill: fc.Arbitrary<Kill> = fc.record({
  at: fc.double({ min: 0, max: 1.1, noNaN: true }),
  group: fc.boolean(),
  forks: fc.integer({ min: 0, max: 4 }).map((one) => one > 0),
});

function start({ pod, runFolder, runner }: Lane, forks = true) {
  const enter = `echo $$ >${runner.dir}/cgroup.procs`;
  const command = [shell, '-p', script, 'thaw', pod.uid, ...atOnce];
  const [program, ...args] = inRun(runFolder, enter, command);
  const env = { PATH: process.env.PATH, ...(forks ? {} : { PODTHAW_NO_FORK: '1' }) };
  const child = spawn(program, args, { env, stdio: 'ignore', detached: true });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  return { child, ended };
}

async function killedOnce(lane: Lane, { at, group, forks }: Kill): Promise<boolean> {
  freeze(lane.pod.container);
  await frozen(lane.pod.container);
  const { child, ended } = start(lane, forks);
  await sleep(at * lane.usualMs);
  if (group) killGroup(child.pid ?? 0);
  else child.kill('SIGKILL');
  await ended;
  lockIsFree(lane.runFolder);
  await until('no child holds the lock', () => !holdsLock(lane), 1000);
  await until('nothing is left behind', () => tidsIn(lane.runner).length === 0, 5000);
  return child.signalCode === 'SIGKILL';
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It had ended before.
  }
}

/** A flock that outlives its script has the lock for the moment until it ends, hence the 1 s. */
function lockIsFree(runFolder: string): void {
  execFileSync('flock', ['-w', '1', join(runFolder, 'podthaw.lock'), 'true']);
}

function holdsLock({ runner, runFolder }: Lane): boolean {
  const lock = join(runFolder, 'podthaw.lock');
  return tidsIn(runner).some((pid) =>
    openFiles(pid).some((file) => file === lock || file === '/run/podthaw.lock'),
  );
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}

async function thawsAtLast(lane: Lane): Promise<void> {
  const { child, ended } = start(lane);
  await ended;
  expect({ status: child.exitCode, frozen: isSelfFrozen(lane.pod.container) }).toEqual({
    status: 0,
    frozen: false,
  });
}

describeWith(['v1', 'v2'], 'SIGKILL', () => {
  test('300 times, at random points', { timeout: 180_000 }, async () => {
    const seed = seedOf('killed');
    const lanes = await Promise.all((['v1', 'v2', 'v1'] as const).map(makeLane));
    const kills = fc.sample(anyKill, { seed, numRuns: 300 });
    let caught = 0;
    await Promise.all(
      lanes.map(async (lane, index) => {
        for (const [round, kill] of kills.slice(index * 100, index * 100 + 100).entries()) {
          if (await killedOnce(lane, kill)) caught += 1;
          if (round % 10 === 9) await thawsAtLast(lane);
        }
      }),
    );
    expect(caught, 'most kills must hit a run that had not ended yet').toBeGreaterThan(150);
  });
});
