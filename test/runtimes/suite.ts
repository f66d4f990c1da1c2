/** Suites that need a real runtime: skipped with the reason where it is missing, unless it must be there. */
import { describe } from 'vitest';
import type { Hierarchy } from '../real/mounts.ts';
import { describeWith } from '../real/suite.ts';
import { type Program, programGap } from './programs.ts';

/** Runs `body` for each hierarchy whose freezer is here, on nodes that look as if they had only that one. */
export function describeRuntime(
  programs: Program[],
  title: string,
  body: (hierarchy: Hierarchy) => void,
): void {
  const reason = programGap(programs);
  if (reason !== undefined) {
    console.warn(`skipped: ${title}: ${reason}`);
    describe.skip(`${title} (skipped: ${reason})`, () => body('v1'));
    return;
  }
  for (const hierarchy of ['v1', 'v2'] as const) {
    describeWith([hierarchy], `${title}, cgroup ${hierarchy}`, () => body(hierarchy));
  }
}
