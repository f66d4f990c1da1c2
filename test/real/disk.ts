/** A real disk: ext4 on a loop device, that fsfreeze can freeze, and whose image can lie on a file system that hangs. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Fuse, unmount } from './fuse.ts';
import { hasProgram, rootsPath } from './program.ts';

export type Disk = { mount: string; freeze(): void };

/** Why no ext4 can be mounted from a file here; undefined where it can. */
export function diskGap(): string | undefined {
  if (!existsSync('/dev/loop-control')) return 'no loop devices';
  if (!/^\text4$/m.test(readFileSync('/proc/filesystems', 'utf8'))) return 'the kernel has no ext4';
  const missing = ['mkfs.ext4', 'fsfreeze'].find((program) => !hasProgram(program, rootsPath));
  return missing && `${missing} is missing`;
}

/**
 * Mounts one with the 64 KiB file `f` in it. Its image is read and written through `fuse` where that is
 * given, and hangs with it. Make cgroups before it, and start processes after it.
 */
export function makeDisk(fuse?: Fuse): Disk {
  const own = mkdtempSync(join(tmpdir(), 'podthaw-disk-'));
  const mount = join(own, 'mount');
  mkdirSync(mount);
  const image = join(fuse?.source ?? own, 'image');
  writeFileSync(image, '');
  truncateSync(image, 16 * 1024 * 1024);
  execFileSync('mkfs.ext4', ['-q', image]);
  execFileSync('mount', ['-o', 'loop', join(fuse?.mount ?? own, 'image'), mount]);
  onTestFinished(async () => {
    fuse?.wake();
    await once(spawn('fsfreeze', ['-u', mount], { stdio: 'ignore' }), 'close');
    await unmount(mount);
    rmSync(own, { recursive: true });
  });
  writeFileSync(join(mount, 'f'), Buffer.alloc(64 * 1024));
  execFileSync('sync', ['-f', mount]);
  return { mount, freeze: () => void execFileSync('fsfreeze', ['-f', mount]) };
}
