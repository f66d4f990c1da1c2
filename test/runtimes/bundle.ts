/** The smallest container: a root file system of one static busybox, and an OCI bundle of it. */
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { run } from './command.ts';

const specSchema = z.looseObject({
  process: z.looseObject({}),
  root: z.looseObject({}),
  linux: z.looseObject({}),
});

/** Makes `folder` a bundle that runs `args` in the cgroup. @returns its config.json */
export function makeBundle(folder: string, cgroupsPath: string, args: string[]): string {
  const rootfs = makeRootfs(folder);
  run(['runc', 'spec', '--bundle', folder]);
  const file = join(folder, 'config.json');
  const spec = specSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  Object.assign(spec.process, { terminal: false, args });
  Object.assign(spec.root, { path: rootfs });
  Object.assign(spec.linux, { cgroupsPath });
  writeFileSync(file, JSON.stringify(spec));
  return file;
}

/** Makes it as `rootfs` in `folder`. @throws Error where this machine's busybox is not static */
export function makeRootfs(folder: string): string {
  const rootfs = join(folder, 'rootfs');
  mkdirSync(join(rootfs, 'bin'), { recursive: true });
  copyFileSync('/bin/busybox', join(rootfs, 'bin/busybox'));
  symlinkSync('busybox', join(rootfs, 'bin/sh'));
  run(['chroot', rootfs, '/bin/busybox', 'true']);
  return rootfs;
}

export const sleeper = ['/bin/busybox', 'sleep', '600'];

/** Exits 0 on SIGTERM; without the handler, an init would not even notice it. */
export const politeSleeper = [
  '/bin/sh',
  '-c',
  'trap "exit 0" TERM; while :; do busybox sleep 0.2; done',
];

/** An init with a child in its own PID namespace. */
export const parent = ['/bin/sh', '-c', 'busybox sleep 600 & wait'];
