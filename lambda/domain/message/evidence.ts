/** The telling lines of a pod's evidence. */
import type { PodOutcome } from '../outcome.ts';
import { describeSeconds } from './duration.ts';
import { printable } from './printable.ts';

const MAX_FREEZES = 3;
const MAX_PROCESSES = 3;

/** `FROZEN → THAWED, container c0ffee (v1), frozen for 3 h 20 min`, one a freeze. */
export function freezeLines({ freezes }: Pick<PodOutcome, 'freezes'>): string[] {
  const lines = freezes.slice(0, MAX_FREEZES).map((freeze) => {
    const { before, after, level, container, hierarchy, since } = freeze;
    const what = container === undefined ? level : `${level} ${container.slice(0, 12)}`;
    const duration = since === undefined ? '' : `, frozen for ${describeSeconds(since)}`;
    return printable(`${before} → ${after}, ${what} (${hierarchy})${duration}`, 200);
  });
  return [...lines, ...more(freezes.length - lines.length)];
}

/** `sleep (412): D, hrtimer_nanosleep, pending KILL TERM`, one a process. */
export function processLines({ processes }: Pick<PodOutcome, 'processes'>): string[] {
  const lines = processes.slice(0, MAX_PROCESSES).map((process) => {
    const { pid, comm, state, wchan, pending, stack } = process;
    const signals = pending.length === 0 ? [] : [`pending ${pending.slice(0, 5).join(' ')}`];
    const where = new Set([wchan, stack[0]].filter((frame) => frame !== undefined && frame !== ''));
    return printable(`${comm} (${pid}): ${[state, ...where, ...signals].join(', ')}`, 200);
  });
  return [...lines, ...more(processes.length - lines.length)];
}

function more(count: number): string[] {
  return count > 0 ? [`and ${count} more`] : [];
}
