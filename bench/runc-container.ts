/** A container of runc's, asleep, to pause and resume. */

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { time } from './timing.ts';

export interface RuncContainer {
  pause(): void;
  /** Milliseconds until `runc resume` returns. */
  resume(): number;
  remove(): void;
}

const specSchema = z.looseObject({
  process: z.looseObject({}),
  linux: z.looseObject({ namespaces: z.array(z.looseObject({ type: z.string() })) }),
});

/** @returns undefined where runc or a static busybox is missing, or runc cannot run here */
export function startRuncContainer(): RuncContainer | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'podthaw-bench-'));
  const id = path.basename(folder);
  const runc = (...args: string[]) => ['runc', '--root', path.join(folder, 'state'), ...args];
  const remove = () => {
    spawnSync('runc', runc('delete', '--force', id).slice(1));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    writeBundle(folder);
    time([
      'sh',
      '-c',
      '"$@" </dev/null >/dev/null 2>&1',
      'sh',
      ...runc('run', '-d', '-b', folder, id),
    ]);
  } catch {
    remove();
    return undefined;
  }
  return {
    pause: () => void time(runc('pause', id)),
    resume: () => time(runc('resume', id)),
    remove,
  };
}

function writeBundle(folder: string): void {
  mkdirSync(path.join(folder, 'rootfs/bin'), { recursive: true });
  copyFileSync('/bin/busybox', path.join(folder, 'rootfs/bin/busybox'));
  time(['runc', 'spec', '--bundle', folder]);
  const file = path.join(folder, 'config.json');
  const spec = specSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  Object.assign(spec.process, { terminal: false, args: ['/bin/busybox', 'sleep', '300'] });
  writeFileSync(file, JSON.stringify(spec));
}
