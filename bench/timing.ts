/** How long commands take: one run of each in every round, so that all see the same machine. */
import { spawnSync } from 'node:child_process';

export const ROUNDS = 9;

/** In milliseconds, one for each round. */
export type Times = readonly number[];

/** Milliseconds of one run. @throws Error where it fails */
export function time([program = '', ...args]: string[]): number {
  const started = performance.now();
  const { status, signal, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  const elapsed = performance.now() - started;
  if (status === 0) return elapsed;
  throw new Error(
    `${[program, ...args].join(' ')}: ${error ?? `exit ${status ?? signal}: ${stderr}`}`,
  );
}

export function median(times: Times): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
