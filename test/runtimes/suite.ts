/** Suites that need a real runtime: skipped with the reason where it is missing, unless it must be there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import type { Hierarchy } from '../real/mounts.ts';
import { describeWith } from '../real/suite.ts';

const packages = {
  runc: 'runc',
  busybox: 'busybox-static',
  containerd: 'containerd',
  ctr: 'containerd',
  dockerd: 'docker.io',
  docker: 'docker.io',
};

export type Program = keyof typeof packages;

/** Set where the packages were installed, as `.ci/run` does: a missing runtime is a failure then. */
const required = 'PODTHAW_TEST_RUNTIMES';

/** Runs `body` for each hierarchy whose freezer is here, on nodes that look as if they had only that one. */
export function describeRuntime(
  programs: Program[],
  title: string,
  body: (hierarchy: Hierarchy) => void,
): void {
  const reason = runtimeGap(programs);
  if (reason !== undefined) {
    console.warn(`skipped: ${title}: ${reason}`);
    describe.skip(`${title} (skipped: ${reason})`, () => body('v1'));
    return;
  }
  for (const hierarchy of ['v1', 'v2'] as const) {
    describeWith([hierarchy], `${title}, cgroup ${hierarchy}`, () => body(hierarchy));
  }
}

/** What is missing of `programs`, undefined where nothing is. @throws Error where it was to be there */
export function runtimeGap(programs: Program[], env = process.env): string | undefined {
  const missing = programs.find((program) => !isInstalled(program, env.PATH));
  if (missing === undefined) return undefined;
  const gap = `${missing} is missing; it is in the Debian package "${packages[missing]}"`;
  if (env[required]) throw new Error(`${required} is set, but ${gap}`);
  return gap;
}

function isInstalled(program: Program, path = ''): boolean {
  return path.split(':').some((folder) => existsSync(join(folder, program)));
}
