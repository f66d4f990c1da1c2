/** A limit on processes: what runs in it cannot fork, as on a node that is out of PIDs. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { removeTree } from './cgroup.ts';
import { mountPoint } from './mounts.ts';

export type PidLimit = {
  dir: string;
  /** Shell text that enters it. */
  enter: string;
  /** Processes allowed from now on; those there already stay. */
  allow(max: number): void;
};

let made = 0;

export function limitPids(max: number | 'max'): PidLimit {
  made += 1;
  const dir = `${pidsMount()}/podthaw-test-${process.pid}-pids-${made}`;
  mkdirSync(dir);
  onTestFinished(() => removeTree(dir));
  const allow = (count: number | 'max') => writeFileSync(`${dir}/pids.max`, `${count}`);
  allow(max);
  return { dir, enter: `echo $$ >${dir}/cgroup.procs`, allow };
}

function pidsMount(): string {
  const v1 = / (\S+) \S+ - cgroup \S+ \S*\bpids\b/.exec(
    readFileSync('/proc/self/mountinfo', 'utf8'),
  );
  return v1?.[1] ?? mountPoint('v2');
}
