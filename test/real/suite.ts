/** Suites that need a real freezer, FUSE or disk: skipped with the reason where there is none, never otherwise. */
import { afterAll, describe } from 'vitest';
import { diskGap } from './disk.ts';
import { fuseGap } from './fuse.ts';
import { gap, type Hierarchy } from './mounts.ts';

export type Need = Hierarchy | 'fuse' | 'disk';

/** Runs `body` once for each hierarchy, on its real freezer. */
export function describeFreezers(
  title: string,
  body: (hierarchy: Hierarchy) => void,
  also: Need[] = [],
): void {
  for (const hierarchy of ['v1', 'v2'] as const) {
    describeWith([hierarchy, ...also], `${title}, cgroup ${hierarchy}`, () => body(hierarchy));
  }
}

/** Runs `body` where all the `needed` parts are there. */
export function describeWith(needed: Need[], title: string, body: () => void): void {
  describeUnless(
    needed.map(gapOf).find((missing) => missing !== undefined),
    title,
    body,
  );
}

/** Runs `body` unless there is a reason to skip it, and then says so. */
export function describeUnless(reason: string | undefined, title: string, body: () => void): void {
  if (reason !== undefined) {
    console.warn(`skipped: ${title}: ${reason}`);
    describe.skip(`${title} (skipped: ${reason})`, body);
    return;
  }
  describe(title, () => {
    body();
    // biome-ignore lint/correctness/noEmptyPattern: vitest insists on a destructured first argument
    afterAll(({}, suite) => refuseSkips(suite.tasks));
  });
}

function gapOf(need: Need): string | undefined {
  if (need === 'fuse') return fuseGap();
  if (need === 'disk') return diskGap();
  return gap(need);
}

type Task = { name: string; mode: string; tasks?: Task[] };

/** Where all is there that a suite needs, a test of it that did not run is a failure. */
export function refuseSkips(tasks: Task[]): void {
  for (const task of tasks) {
    if (task.mode === 'skip' || task.mode === 'todo') {
      throw new Error(`"${task.name}" was skipped, but this machine has all that it needs`);
    }
    refuseSkips(task.tasks ?? []);
  }
}
