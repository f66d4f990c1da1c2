/** A busy node on the real v1 freezer: 250 pods, 1,000 cgroups, 5,000 tasks, under a name of the bench's own. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { clearAbandoned, removeTree } from '../test/real/cgroup.ts';

const PODS = 250;
const CONTAINERS_PER_POD = 3;
/** 5,000 tasks in 750 containers. */
const TASKS_PER_CONTAINER = [6, 7, 7] as const;

export interface BusyNode {
  /** Where the freezer's hierarchy is mounted. */
  freezer: string;
  /** A pod of the node, and the folder of one of its containers. */
  pod: { uid: string; container: string };
  remove(): Promise<void>;
}

/** Builds the node; bounded by its own size, and `remove` takes all of it away. */
export async function makeBusyNode(freezer: string, interrupted: AbortSignal): Promise<BusyNode> {
  clearAbandoned(freezer);
  const folder = `${freezer}/podthaw-test-${process.pid}-bench`;
  const uids = Array.from({ length: PODS }, () => randomUUID());
  try {
    for (const uid of uids) {
      interrupted.throwIfAborted();
      await fillPod(`${folder}/kubepods/burstable/pod${uid}`);
    }
  } catch (error) {
    await removeTree(folder);
    throw error;
  }
  const uid = uids[PODS / 2] ?? '';
  const container = `${folder}/kubepods/burstable/pod${uid}/container0`;
  return { freezer, pod: { uid, container }, remove: () => removeTree(folder) };
}

async function fillPod(pod: string): Promise<void> {
  for (let index = 0; index < CONTAINERS_PER_POD; index++) {
    const container = `${pod}/container${index}`;
    mkdirSync(container, { recursive: true });
    await fillContainer(container, TASKS_PER_CONTAINER[index] ?? 6);
  }
}

/** The shell enters the cgroup, starts the tasks and leaves: they are nobody's children then. */
async function fillContainer(container: string, tasks: number): Promise<void> {
  const script = `echo $$ >"$0/cgroup.procs"; for i in $(seq ${tasks}); do sleep 300 & done`;
  const child = spawn('sh', ['-c', script, container], { stdio: 'ignore' });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`could not fill ${container}: exit ${status}`);
}
