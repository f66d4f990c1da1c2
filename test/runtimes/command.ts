/** Runs a runtime's command line to its end. */
import { spawnSync } from 'node:child_process';

/** @returns what it printed. @throws Error with its stderr where it fails or takes longer than 20 s */
export function run([program = '', ...args]: string[], input?: Buffer): string {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, {
    input,
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (status === 0) return stdout;
  const why = error?.message ?? `exit ${status ?? signal}: ${stderr}`;
  throw new Error(`${[program, ...args].join(' ')}: ${why}`);
}
