/** Whether a program is on this machine. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** @param path folders, joined by colons, as in PATH */
export function hasProgram(name: string, path = process.env.PATH ?? ''): boolean {
  return path.split(':').some((folder) => existsSync(join(folder, name)));
}

/** PATH with the folders of root's programs, which a shell of root's may lack. */
export const rootsPath = `${process.env.PATH}:/usr/sbin:/sbin`;
