/** A pod's place in every cgroup hierarchy, for runtimes to put containers in, and its certain removal. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { clearAbandoned, removeTree } from '../real/cgroup.ts';

export type PodPlace = {
  uid: string;
  /** The pod's cgroup below each hierarchy's root; the runtime makes it. */
  path: string;
  /** Thaws, kills and removes all that is in it, in every hierarchy. */
  remove(): Promise<void>;
};

let places = 0;

export function choosePodPlace(): PodPlace {
  const mounts = cgroupMounts();
  mounts.forEach(clearAbandoned);
  places += 1;
  const tree = `/podthaw-test-${process.pid}-runtime-${places}`;
  const uid = randomUUID();
  return {
    uid,
    path: `${tree}/kubepods/burstable/pod${uid}`,
    remove: async () => {
      const present = mounts.map((mount) => `${mount}${tree}`).filter(existsSync);
      await Promise.all(present.map(removeTree));
    },
  };
}

/** All of them, not the freezers alone: a runtime makes a container's cgroup in each. */
function cgroupMounts(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .flatMap((line) => line.split(' ')[4] ?? []);
}
