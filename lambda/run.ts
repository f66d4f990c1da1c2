/** One run, from a trigger to an outcome: the way of the data, step by step. */
import { carryOut } from './command-run.ts';
import type { Action, Command } from './domain/command.ts';
import {
  identify,
  type NodeReply,
  type Outcome,
  type PodOutcome,
  summarize,
} from './domain/outcome.ts';
import { type LeftOut, makePlan, type Placement } from './domain/plan.ts';
import type { TerminatingPod } from './domain/pod.ts';
import { missingNames, type Selection, selectPods } from './domain/selection.ts';
import { type Cluster, type DeployedSettings, instanceTag } from './domain/settings.ts';

/** What a run needs of the outside world. */
export interface Ports {
  now(): Date;
  /** The cluster's terminating pods, and how many of its nodes run pods. */
  listTerminating(): Promise<{ pods: TerminatingPod[]; nodeCount: number }>;
  /** Those of the pods whose UID is still in the API with a deletionTimestamp. */
  stillTerminating(pods: readonly TerminatingPod[]): Promise<TerminatingPod[]>;
  /** Waits until the pods' UIDs have left the API or `until` passes. @returns the UIDs that left */
  awaitGone(pods: readonly TerminatingPod[], until: Date): Promise<ReadonlySet<string>>;
  /** Where each node's commands go, by node name. */
  placeNodes(
    nodes: readonly string[],
    tag: readonly [key: string, value: string],
  ): Promise<ReadonlyMap<string, Placement>>;
  /** Runs a command. @returns one reply for each of its instances; never throws for a single node */
  runCommand(command: Command, context: RunContext): Promise<ReadonlyMap<string, NodeReply>>;
}

export interface RunContext {
  runId: string;
  cluster: Cluster;
  /** What was asked for; `performed` tells what is done. */
  action: Action;
  trigger: Outcome['trigger'];
  selection: Selection;
  settings: DeployedSettings;
  /** When the run must have ended. */
  deadline: Date;
}

/** Finds, plans, sends, confirms. Nothing is sent for a pod that the API does not call terminating. */
export async function run(context: RunContext, ports: Ports): Promise<Outcome> {
  const { cluster, selection, settings } = context;
  const now = ports.now();
  const { pods, nodeCount } = await ports.listTerminating();
  const placements = await ports.placeNodes(
    [...new Set(pods.flatMap((pod) => pod.node ?? []))],
    instanceTag(cluster),
  );
  const stuckAfterSeconds = settings.stuckAfterSeconds;
  const plan = makePlan({
    pods: selectPods(selection, { pods, placements, now, stuckAfterSeconds }),
    placements,
    nodeCount,
    thaw: context.action === 'thaw',
    capped: !isNarrow(selection),
    settings,
  });
  const judged = await carryOut(plan.work, context, ports);
  const left = plan.leftOut.map((out) => fromLeftOut(out, now));
  const missing = missingNames(selection, pods).map(notTerminating);
  return makeOutcome(context, [...judged, ...left, ...missing]);
}

/** `mode: observe` makes every thaw a check. */
export function performed({ action, settings }: Pick<RunContext, 'action' | 'settings'>): Action {
  return settings.mode === 'thaw' ? action : 'check';
}

/** The outcome of a run over these pods; `problem` says what kept it from looking. */
export function makeOutcome(context: RunContext, pods: PodOutcome[], problem?: string): Outcome {
  return {
    podthaw: 1,
    runId: context.runId,
    cluster: context.cluster.name,
    action: performed(context),
    trigger: context.trigger,
    pods,
    summary: summarize(pods),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Whether a person named what to act on: then the blast radius is theirs. */
function isNarrow(selection: Selection): boolean {
  if (selection.by !== 'request') return false;
  const { pods, podUids, nodes, instanceIds } = selection.request;
  return Boolean(pods ?? podUids ?? nodes ?? instanceIds);
}

function fromLeftOut({ pod, instanceId, outcome, reason }: LeftOut, now: Date): PodOutcome {
  return {
    ...identify(pod, now),
    ...(instanceId === undefined ? {} : { instanceId }),
    outcome,
    reason,
    freezes: [],
    processes: [],
  };
}

/** A person named it, and the API does not call it terminating: never touched. */
function notTerminating(name: string): PodOutcome {
  const [namespace, podName] = name.includes('/') ? name.split('/') : [];
  return {
    namespace: namespace ?? '',
    name: podName ?? '',
    uid: podName === undefined ? name : '',
    overdueSeconds: 0,
    outcome: 'unknown',
    reason:
      'the API lists no pod of this name that is being deleted: it is gone, or nobody deletes it',
    freezes: [],
    processes: [],
  };
}
