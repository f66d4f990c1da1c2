/** A real disk: ext4 on a loop device, that fsfreeze can freeze, and whose image can lie on a file system that hangs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { hasProgram, unmount } from './fuse.ts';

export type Disk = { mount: string; freeze(): void };

/** Why no ext4 can be mounted from a file here; undefined where it can. */
export function diskGap(): string | undefined {
  if (!existsSync('/dev/loop-control')) return 'no loop devices';
  if (!/^\text4$/m.test(readFileSync('/proc/filesystems', 'utf8'))) return 'the kernel has no ext4';
  const missing = ['mkfs.ext4', 'fsfreeze'].find((program) => !hasProgram(program));
  return missing && `${missing} is missing`;
}

/**
 * Mounts one with the 64 KiB file `f` in it. The image lies in `folder`; where that is seen through
 * another mount, `seenIn`, the disk's I/O goes through that. Make cgroups before it, and start processes after it.
 */
export function makeDisk(folder?: string, seenIn = folder): Disk {
  const own = mkdtempSync(join(tmpdir(), 'podthaw-disk-'));
  const mount = mkdtempSync(join(tmpdir(), 'podthaw-mount-'));
  const image = join(folder ?? own, 'image');
  writeFileSync(image, '');
  truncateSync(image, 16 * 1024 * 1024);
  execFileSync('mkfs.ext4', ['-q', image]);
  execFileSync('mount', ['-o', 'loop', join(seenIn ?? own, 'image'), mount]);
  onTestFinished(async () => {
    spawnSync('fsfreeze', ['-u', mount]);
    await unmount(mount);
    rmdirSync(mount);
    rmSync(own, { recursive: true });
  });
  writeFileSync(join(mount, 'f'), Buffer.alloc(64 * 1024));
  execFileSync('sync', ['-f', mount]);
  return { mount, freeze: () => void execFileSync('fsfreeze', ['-f', mount]) };
}
