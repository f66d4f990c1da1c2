/** How long commands take, and how two of them compare: medians of one run on one machine. */
import { spawnSync } from 'node:child_process';

/** Milliseconds of one run. @throws Error where it fails with another status than those expected */
export function time(command: string[], expected: readonly number[] = [0]): number {
  const [program = '', ...args] = command;
  const started = performance.now();
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  const elapsed = performance.now() - started;
  if (status === null || !expected.includes(status)) {
    throw new Error(`${command.join(' ')}: exit ${status}: ${stderr}`);
  }
  return elapsed;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Median of `rounds` runs of each, taken in turns so that both see the same machine. */
export function inTurns(rounds: number, ours: () => number, theirs: () => number) {
  const times = Array.from({ length: rounds }, () => ({ ours: ours(), theirs: theirs() }));
  return { ours: median(times.map((t) => t.ours)), theirs: median(times.map((t) => t.theirs)) };
}
