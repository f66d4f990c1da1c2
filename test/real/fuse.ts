/** A real FUSE file system whose server can be stopped: what is called on it then hangs in state D. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { until } from './process.ts';

export type Fuse = {
  /** Where the files really are: never hangs. */
  source: string;
  /** Where they are seen through FUSE. */
  mount: string;
  /** Stops the server: from now on every call on the mount hangs. */
  hang(): void;
  wake(): void;
};

/** Why no FUSE file system can be mounted here; undefined where one can. */
export function fuseGap(): string | undefined {
  if (!existsSync('/dev/fuse')) return 'no /dev/fuse';
  return hasProgram('bindfs') ? undefined : 'bindfs is missing; it is in the Debian package "bindfs"';
}

/**
 * Mounts one with the file `f` in it. Make cgroups before it and start processes after it: the test's
 * end undoes in reverse order, and a task that hangs in FUSE keeps its cgroup from being removed.
 */
export async function makeFuse(): Promise<Fuse> {
  const folder = mkdtempSync(join(tmpdir(), 'podthaw-fuse-'));
  const source = join(folder, 'source');
  const mount = join(folder, 'mount');
  mkdirSync(source);
  mkdirSync(mount);
  writeFileSync(join(source, 'f'), 'hello\n');
  const server = spawn('bindfs', ['-f', source, mount], { stdio: 'ignore' });
  onTestFinished(async () => {
    server.kill('SIGCONT');
    await unmount(mount);
    rmSync(folder, { recursive: true });
  });
  await until('bindfs has mounted', () => isMounted(mount));
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => () => void server.kill(name);
  return { source, mount, hang: signal('SIGSTOP'), wake: signal('SIGCONT') };
}

/** Tries for a while: tasks that are being killed may use it for a moment still. */
export async function unmount(folder: string): Promise<void> {
  await until(`${folder} is unmounted`, () => {
    return !isMounted(folder) || spawnSync('umount', [folder]).status === 0;
  });
}

export function isMounted(folder: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${folder} `);
}

export function hasProgram(name: string): boolean {
  const path = `${process.env.PATH}:/usr/sbin:/sbin`;
  return path.split(':').some((folder) => existsSync(join(folder, name)));
}
