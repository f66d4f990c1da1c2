/** `thaw UID --settle 0` until its write, against what undoes a pause otherwise. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Program, programGap } from '../test/runtimes/programs.ts';
import type { BusyNode } from './busy-node.ts';
import type { Comparison } from './comparison.ts';
import { dockerUnpause, type Resume, runcResume } from './resume.ts';
import { ROUNDS } from './timing.ts';

interface Rival {
  against: string;
  needs: Program[];
  start: (cleanup: AsyncDisposableStack) => Promise<Resume>;
  target: Comparison['target'];
}

const rivals: Rival[] = [
  {
    against: 'runc resume',
    needs: ['runc', 'busybox'],
    start: runcResume,
    target: { ratio: 3 },
  },
  {
    against: 'docker unpause',
    needs: ['docker', 'dockerd', 'containerd', 'runc', 'busybox'],
    start: dockerUnpause,
    target: { ratio: 1, exclusive: true },
  },
];

/** On a busy node, a pod as small as the rivals' containers; all of them in turns. */
export async function benchThaw(
  script: string,
  node: BusyNode,
  interrupted: AbortSignal,
): Promise<Comparison[]> {
  await using cleanup = new AsyncDisposableStack();
  const ours: number[] = [];
  const present = [];
  for (const { needs, start, ...rest } of rivals) {
    const gap = programGap(needs);
    const times: number[] = [];
    const resume = gap === undefined ? await start(cleanup) : undefined;
    present.push({ ...rest, times, resume, theirs: gap === undefined ? times : { gap } });
  }
  for (let round = 0; round < ROUNDS; round++) {
    interrupted.throwIfAborted();
    ours.push(await timeToWrite(script, node));
    for (const { times, resume } of present) if (resume) times.push(resume());
  }
  const what = 'thaw UID until its write';
  return present.map(({ against, theirs, target }) => ({ what, ours, against, theirs, target }));
}

/** From the start of the script until the container reads THAWED: to a millisecond, for a closer look would cost a core. */
async function timeToWrite(script: string, { lone: pod }: BusyNode): Promise<number> {
  const file = `${pod.container}/freezer.state`;
  writeFileSync(file, 'FROZEN');
  while (!readFileSync(file, 'utf8').startsWith('FROZEN')) await sleep(1);
  const args = ['thaw', pod.uid, '--settle', '0', '--wait', '0'];
  const started = performance.now();
  const child = spawn(script, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  while (!readFileSync(file, 'utf8').startsWith('THAWED')) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`freezer.sh ended with ${child.exitCode ?? child.signalCode}, not thawed`);
    await sleep(1);
  }
  const elapsed = performance.now() - started;
  await ended;
  return elapsed;
}
