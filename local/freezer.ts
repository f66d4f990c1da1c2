/** This machine's freezer: where it is mounted, or why it cannot be used. */
import { readFile } from 'node:fs/promises';

export interface Freezer {
  version: 'v1' | 'v2';
  /** Where the hierarchy's root is mounted. */
  mount: string;
}

/** The v1 freezer where mounted, else v2; otherwise the reason there is none, in one line. */
export async function findFreezer(): Promise<Freezer | { missing: string }> {
  if (process.platform !== 'linux') return { missing: `this is ${process.platform}, not Linux` };
  if (process.getuid?.() !== 0) return { missing: 'not root' };
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8');
  return parseMountinfo(mountinfo) ?? { missing: 'no cgroup freezer is mounted' };
}

/** Reads `/proc/self/mountinfo`, proc_pid_mountinfo(5). */
export function parseMountinfo(mountinfo: string): Freezer | undefined {
  const mounts = mountinfo.split('\n').flatMap(parseMount);
  const v1 = mounts.find(({ type, options }) => type === 'cgroup' && options.includes('freezer'));
  if (v1 !== undefined) return { version: 'v1', mount: v1.mount };
  const v2 = mounts.find(({ type }) => type === 'cgroup2');
  return v2 && { version: 'v2', mount: v2.mount };
}

function parseMount(line: string): { mount: string; type: string; options: string[] }[] {
  const [before, after] = line.split(' - ');
  const mount = before?.split(' ')[4];
  const [type, , options] = after?.split(' ') ?? [];
  if (mount === undefined || type === undefined) return [];
  return [{ mount, type, options: options?.split(',') ?? [] }];
}
