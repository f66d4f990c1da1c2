/** Suites that need a real runtime: skipped with the reason where it is missing, unless it must be there. */
import { gap, type Hierarchy } from '../real/mounts.ts';
import { describeUnless } from '../real/suite.ts';
import { type Program, programGap } from './programs.ts';

/** Runs `body` for each hierarchy whose freezer is here, on nodes that look as if they had only that one. */
export function describeRuntime(
  programs: Program[],
  title: string,
  body: (hierarchy: Hierarchy) => void,
): void {
  for (const hierarchy of ['v1', 'v2'] as const) {
    const reason = programGap(programs) ?? gap(hierarchy);
    describeUnless(reason, `${title}, cgroup ${hierarchy}`, () => body(hierarchy));
  }
}
