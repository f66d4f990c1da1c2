/** A container of runc's own, with no daemon above it. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as z from 'zod';
import type { Hierarchy } from '../real/mounts.ts';
import { makeBundle } from './bundle.ts';
import { run } from './command.ts';
import { onNodeWith } from './hierarchy.ts';
import type { PodPlace } from './pod-place.ts';

export type RuncContainer = {
  /** Its init, as the host sees it. */
  pid: number;
  /** Its cgroup, below each hierarchy's root. */
  path: string;
  /** The command line that does `verb` to it. */
  line(verb: string, ...rest: string[]): string[];
  status(): string;
  /** Forgets it, whatever state it is in. Remove its pod's place first: what is frozen cannot be deleted. */
  discard(): void;
};

const stateSchema = z.looseObject({ status: z.string(), pid: z.number() });

/** Starts `command` in the pod's place. @throws Error with runc's words where it cannot */
export function startRunc(hierarchy: Hierarchy, pod: PodPlace, command: string[]): RuncContainer {
  const folder = mkdtempSync(join(tmpdir(), 'podthaw-runc-'));
  const id = basename(folder);
  const path = `${pod.path}/${id}`;
  const runc = [...onNodeWith(hierarchy), 'runc', '--root', join(folder, 'state')];
  const line = (verb: string, ...rest: string[]) => [...runc, verb, id, ...rest];
  const state = () => stateSchema.parse(JSON.parse(run(line('state'))));
  const discard = () => {
    run([...runc, 'delete', '--force', id]);
    rmSync(folder, { recursive: true });
  };
  try {
    makeBundle(folder, path, command);
    detach([...runc, 'run', '--detach', '--bundle', folder, id], join(folder, 'log'));
    return { pid: state().pid, path, line, status: () => state().status, discard };
  } catch (error) {
    discard();
    throw error;
  }
}

/** The container inherits what runc writes to: a pipe would not end before the container does. */
function detach([program = '', ...args]: string[], log: string): void {
  const output = openSync(log, 'w');
  const { status } = spawnSync(program, args, { stdio: ['ignore', output, output] });
  closeSync(output);
  if (status !== 0) throw new Error(`${args.join(' ')}: exit ${status}: ${readFileSync(log)}`);
}
