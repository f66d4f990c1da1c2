/** A busy node on the real v1 freezer: 250 pods, 1,000 cgroups, 5,000 tasks, under a name of the bench's own. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { clearAbandoned, removeTree } from '../test/real/cgroup.ts';

const PODS = 250;
/** 5,000 tasks in 750 containers. */
const TASKS_PER_CONTAINER = [6, 7, 7] as const;

export interface BusyNode {
  /** Where the freezer's hierarchy is mounted. */
  freezer: string;
  /** One of its pods. */
  pod: BenchPod;
  /** One pod more: of one container and one task, like those that the runtimes pause. */
  lone: BenchPod;
  remove(): Promise<void>;
}

export interface BenchPod {
  uid: string;
  /** The folder of a container of it. */
  container: string;
}

/** Builds the node; bounded by its own size, and `remove` takes all of it away. */
export async function makeBusyNode(freezer: string, interrupted: AbortSignal): Promise<BusyNode> {
  clearAbandoned(freezer);
  const folder = `${freezer}/podthaw-test-${process.pid}-bench`;
  const uids = Array.from({ length: PODS }, () => randomUUID());
  const loneUid = randomUUID();
  try {
    for (const uid of uids) {
      interrupted.throwIfAborted();
      await fillPod(`${folder}/kubepods/burstable/pod${uid}`, TASKS_PER_CONTAINER);
    }
    await fillPod(`${folder}/kubepods/burstable/pod${loneUid}`, [1]);
  } catch (error) {
    await removeTree(folder);
    throw error;
  }
  const podOf = (uid: string): BenchPod => ({
    uid,
    container: `${folder}/kubepods/burstable/pod${uid}/container0`,
  });
  const pod = podOf(uids[PODS / 2] ?? '');
  return { freezer, pod, lone: podOf(loneUid), remove: () => removeTree(folder) };
}

async function fillPod(pod: string, tasksPerContainer: readonly number[]): Promise<void> {
  for (const [index, tasks] of tasksPerContainer.entries()) {
    const container = `${pod}/container${index}`;
    mkdirSync(container, { recursive: true });
    await fillContainer(container, tasks);
  }
}

/** The shell enters the cgroup, starts the tasks and leaves: they are nobody's children then. */
async function fillContainer(container: string, tasks: number): Promise<void> {
  const script = `echo $$ >"$0/cgroup.procs"; for i in $(seq ${tasks}); do sleep 300 & done`;
  const child = spawn('sh', ['-c', script, container], { stdio: 'ignore' });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`could not fill ${container}: exit ${status}`);
}
