/** One run, from a trigger to an outcome: the way of the data, step by step. */
import { carryOut } from './command-run.ts';
import type { Claim, Settlement } from './domain/claim.ts';
import type { Action, Command } from './domain/command.ts';
import { hasSelectors } from './domain/manual-request.ts';
import { type OpenItem, resolvedBy } from './domain/open-item.ts';
import {
  identify,
  type NodeReply,
  type Outcome,
  type PodOutcome,
  summarize,
} from './domain/outcome.ts';
import { type LeftOut, makePlan, type Placement, type Plan } from './domain/plan.ts';
import type { TerminatingPod } from './domain/pod.ts';
import { mayBeSelected, missingNames, type Selection, selectPods } from './domain/selection.ts';
import { type Cluster, type DeployedSettings, instanceTag } from './domain/settings.ts';

/** What a run needs of the outside world. */
export interface Ports {
  now(): Date;
  /** The cluster's terminating pods, and how many of its nodes run pods. */
  listTerminating(): Promise<{ pods: TerminatingPod[]; nodeCount: number }>;
  /** Of the pods' UIDs, those that are still in the API with a deletionTimestamp. */
  stillTerminating(pods: readonly TerminatingPod[]): Promise<ReadonlySet<string>>;
  /**
   * Waits until the pods' UIDs have left the API or `until` passes; never rejects.
   * @returns when which UID left, and why the API could not be asked at the end, if so
   */
  awaitGone(
    pods: readonly TerminatingPod[],
    until: Date,
  ): Promise<{ gone: ReadonlyMap<string, Date>; trouble: string | undefined }>;
  /** Where each node's commands go, by node name. */
  placeNodes(
    nodes: readonly string[],
    tag: readonly [key: string, value: string],
  ): Promise<ReadonlyMap<string, Placement>>;
  /** Runs a command. @returns one reply for each of its instances; never throws for a single node */
  runCommand(command: Command, context: RunContext): Promise<ReadonlyMap<string, NodeReply>>;
  claims: Claims;
  /** What people were told of this cluster and is not over yet. */
  readOpen(): Promise<readonly OpenItem[]>;
}

/** Who has which pod, across runs; keyed by pod UID. */
export interface Claims {
  read(uids: readonly string[]): Promise<ReadonlyMap<string, Claim>>;
  /** Takes what no other run has. @returns the UIDs taken; they are held until the run settles them */
  take(uids: readonly string[]): Promise<ReadonlySet<string>>;
  settle(settlements: readonly Settlement[]): Promise<void>;
}

export interface RunContext {
  runId: string;
  cluster: Cluster;
  /** What was asked for; `performed` tells what is done. */
  action: Action;
  trigger: Outcome['trigger'];
  selection: Selection;
  settings: DeployedSettings;
  startedAt: Date;
  /** When the run must have ended. */
  deadline: Date;
}

/** Finds, plans, sends, confirms. Nothing is sent for a pod that the API does not call terminating. */
export async function run(context: RunContext, ports: Ports): Promise<Outcome> {
  const { selection } = context;
  const now = ports.now();
  const open = await readOpen(context, ports);
  const { pods, nodeCount } = await ports.listTerminating();
  const resolved = resolvedBy(open, new Set(pods.map(({ uid }) => uid)), ports.now());
  const plan = await planRun(pods, nodeCount, now, context, ports);
  const judged = await carryOut(plan.work, context, ports);
  const left = plan.leftOut.map((out) => fromLeftOut(out, now));
  const missing = missingNames(selection, pods).map(notTerminating);
  return { ...makeOutcome(context, [...judged, ...left, ...missing]), ...resolved };
}

/** Who asks by hand asks about some pods, and the next sweep tells what is over. */
function readOpen({ trigger }: RunContext, ports: Ports): Promise<readonly OpenItem[]> {
  return trigger.kind === 'manual' ? Promise.resolve([]) : ports.readOpen();
}

async function planRun(
  listed: readonly TerminatingPod[],
  nodeCount: number,
  now: Date,
  context: RunContext,
  ports: Ports,
): Promise<Plan> {
  const { cluster, selection, settings } = context;
  const { stuckAfterSeconds } = settings;
  const candidates = listed.filter((pod) => mayBeSelected(pod, selection, now, stuckAfterSeconds));
  const nodes = new Set(candidates.flatMap((pod) => pod.node ?? []));
  const placements = await ports.placeNodes([...nodes], instanceTag(cluster));
  const pods = selectPods(selection, { pods: candidates, placements, now, stuckAfterSeconds });
  const thaw = performed(context) === 'thaw';
  const claims = thaw ? await ports.claims.read(pods.map(({ uid }) => uid)) : new Map();
  const capped = !isNarrow(selection);
  return makePlan({ pods, placements, claims, now, nodeCount, thaw, capped, settings });
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
  return selection.by === 'request' && hasSelectors(selection.request);
}

function fromLeftOut({ pod, ...out }: LeftOut, now: Date): PodOutcome {
  return {
    ...identify(pod, now),
    ...out,
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
