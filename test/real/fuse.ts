/** A real FUSE file system whose server can be stopped: what is called on it then hangs in state D. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { until } from './process.ts';
import { hasProgram, rootsPath } from './program.ts';

export type Fuse = {
  /** Where the files really are: never hangs. */
  source: string;
  /** Where they are seen through FUSE. */
  mount: string;
  /** Stops the inner server: from now on every call on the mount that the outer one passes on hangs. */
  hang(): void;
  /** Stops the outer server: the first flush hangs too, which bindfs does not pass on. A SIGKILL withdraws it. */
  silence(): void;
  /** Resolves once a call has gone so far that no SIGKILL withdraws it. */
  taken(): Promise<void>;
  wake(): void;
};

/** Why no FUSE file system can be mounted here; undefined where one can. */
export function fuseGap(): string | undefined {
  if (!existsSync('/dev/fuse')) return 'no /dev/fuse';
  return hasProgram('bindfs', rootsPath)
    ? undefined
    : 'bindfs is missing; it is in the Debian package "bindfs"';
}

/**
 * Mounts one with the file `f` in it. It is two, one behind the other, and the inner one's server stops:
 * a SIGKILL withdraws a request that no server has read yet, but not one that the outer server works on.
 *
 * Make cgroups before it and start processes after it: the test's end undoes in reverse order, and a
 * task that hangs in FUSE keeps its cgroup from being removed.
 */
export async function makeFuse(): Promise<Fuse> {
  const folder = mkdtempSync(join(tmpdir(), 'podthaw-fuse-'));
  const [source, inner, mount] = [
    `${folder}/source`,
    `${folder}/inner`,
    `${folder}/mount`,
  ] as const;
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const each of [source, inner, mount]) mkdirSync(each);
  writeFileSync(join(source, 'f'), 'hello\n');
  const server = await bind(source, inner);
  const outer = await bind(inner, mount);
  const taken = () => until('the FUSE server works on a call', () => waitsItself(outer.pid ?? 0));
  const wake = () => {
    for (const stopped of [server, outer]) stopped.kill('SIGCONT');
  };
  onTestFinished(wake);
  const hang = () => void server.kill('SIGSTOP');
  const silence = () => void outer.kill('SIGSTOP');
  return { source, mount, hang, silence, taken, wake };
}

async function bind(source: string, mount: string): Promise<ChildProcess> {
  const server = spawn('bindfs', ['-f', source, mount], { stdio: 'ignore' });
  onTestFinished(async () => {
    await unmount(mount);
    server.kill('SIGKILL');
  });
  await until(`bindfs has mounted ${mount}`, () => isMounted(mount));
  return server;
}

function waitsItself(server: number): boolean {
  const tasks = `/proc/${server}/task`;
  return readdirSync(tasks).some((tid) => {
    return readFileSync(`${tasks}/${tid}/wchan`, 'utf8') === 'request_wait_answer';
  });
}

/** Lazily: tasks that are being killed, or another run's mount namespace, may use it for a moment still. */
export async function unmount(folder: string): Promise<void> {
  spawn('umount', ['--lazy', folder], { stdio: 'ignore' });
  await until(`${folder} is unmounted`, () => !isMounted(folder), 5000);
}

export function isMounted(folder: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${folder} `);
}
