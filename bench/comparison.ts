/** One thing measured against another in the same run: the ratio of their medians, and what is good. */
import { median, type Times } from './timing.ts';

export interface Comparison {
  what: string;
  ours: Times;
  against: string;
  /** Where it could not be measured, why. */
  theirs: Times | { gap: string };
  /** The ratio is good at this or less; where `exclusive`, only at less. */
  target: { ratio: number; exclusive?: boolean };
}

const widths = [25, 22, 16, 22, 7, 11, 0];

export const heading = row('freezer.sh', '', 'against', '', 'ratio', 'target', '');

/** One line of the table. */
export function describeComparison(comparison: Comparison): string {
  const { what, ours, against, theirs, target } = comparison;
  if ('gap' in theirs) return row(what, shown(ours), against, `not measured: ${theirs.gap}`);
  const ratio = ratioOf(ours, theirs).toFixed(2);
  const wanted = `${target.exclusive ? 'below' : 'at most'} ${target.ratio}`;
  const verdict = isGood(comparison) ? 'good' : 'MISSED';
  return row(what, shown(ours), against, shown(theirs), ratio, wanted, verdict);
}

function row(...cells: string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join(' ')
    .trimEnd();
}

/** What was not measured is not good. */
export function isGood({ ours, theirs, target }: Comparison): boolean {
  if ('gap' in theirs) return false;
  const ratio = ratioOf(ours, theirs);
  return target.exclusive ? ratio < target.ratio : ratio <= target.ratio;
}

function ratioOf(ours: Times, theirs: Times): number {
  return median(ours) / median(theirs);
}

/** Median, fastest, slowest. */
function shown(times: Times): string {
  const [middle, least, most] = [median(times), Math.min(...times), Math.max(...times)];
  return `${middle.toFixed(0)} (${least.toFixed(0)}–${most.toFixed(0)}) ms`;
}
