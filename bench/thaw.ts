/** `thaw UID --settle 0` until its write, against `runc resume` of a like container. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BusyNode } from './busy-node.ts';
import { startRuncContainer } from './runc-container.ts';
import { median } from './timing.ts';

const ROUNDS = 9;

/** On a busy node. @returns medians in ms; `theirs` is undefined where runc cannot run here */
export async function benchThaw(script: string, node: BusyNode) {
  const runc = startRuncContainer();
  const ours: number[] = [];
  const theirs: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await timeToWrite(script, node));
      if (runc === undefined) continue;
      runc.pause();
      theirs.push(runc.resume());
    }
  } finally {
    runc?.remove();
  }
  return { ours: median(ours), theirs: runc && median(theirs) };
}

/** From the start of the script until the container reads THAWED. */
async function timeToWrite(script: string, { pod }: BusyNode): Promise<number> {
  const file = `${pod.container}/freezer.state`;
  writeFileSync(file, 'FROZEN');
  while (!readFileSync(file, 'utf8').startsWith('FROZEN')) await nextTurn();
  const args = ['thaw', pod.uid, '--settle', '0', '--wait', '0'];
  const started = performance.now();
  const child = spawn(script, args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  while (!readFileSync(file, 'utf8').startsWith('THAWED')) {
    if (child.exitCode !== null)
      throw new Error(`freezer.sh ended with ${child.exitCode}, not thawed`);
    await nextTurn();
  }
  const elapsed = performance.now() - started;
  await ended;
  return elapsed;
}
