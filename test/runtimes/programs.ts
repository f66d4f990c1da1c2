/** Which runtimes this machine has, and where to get one that is missing. */
import { hasProgram } from '../real/program.ts';

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

/** What is missing of `programs`, undefined where nothing is. @throws Error where it was to be there */
export function programGap(programs: Program[], env = process.env): string | undefined {
  const missing = programs.find((program) => !hasProgram(program, env.PATH ?? ''));
  if (missing === undefined) return undefined;
  const gap = `${missing} is missing; it is in the Debian package "${packages[missing]}"`;
  if (env[required]) throw new Error(`${required} is set, but ${gap}`);
  return gap;
}
