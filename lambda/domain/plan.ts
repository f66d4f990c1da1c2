/** The plan: which pods a run sends to which instances, and for every pod left out, why. Pure. */
import { type Claim, claimState, inProgressReason, usedUp } from './claim.ts';
import type { PodOutcome } from './outcome.ts';
import { holdReason, type TerminatingPod } from './pod.ts';
import type { Settings } from './settings.ts';

/** Where a node's commands go, or why they can't. */
export type Placement = { instanceId: string } | { unreachable: string };

export interface NodeWork {
  node: string;
  instanceId: string;
  pods: TerminatingPod[];
}

export interface LeftOut extends Pick<PodOutcome, 'outcome' | 'cause' | 'reason'> {
  pod: TerminatingPod;
  instanceId?: string;
}

export interface Plan {
  work: NodeWork[];
  leftOut: LeftOut[];
}

export interface PlanInput {
  pods: readonly TerminatingPod[];
  /** By node name. */
  placements: ReadonlyMap<string, Placement>;
  /** By pod UID. */
  claims: ReadonlyMap<string, Claim>;
  now: Date;
  /** Nodes of the cluster that run pods: what the blast radius is a share of. */
  nodeCount: number;
  /** A check may look at everything; only a thaw is held back. */
  thaw: boolean;
  /** False where a person named what to thaw. */
  capped: boolean;
  settings: Pick<Settings, 'protectedNamespaces' | 'blastRadius'>;
}

/** Every pod in, every pod out: in `work` or in `leftOut`, exactly once. */
export function makePlan(input: PlanInput): Plan {
  const leftOut: LeftOut[] = [];
  const byNode = new Map<string, NodeWork>();
  for (const pod of input.pods) {
    const placed = place(pod, input);
    if ('outcome' in placed) leftOut.push(placed);
    else addTo(byNode, placed.node, placed.instanceId, pod);
  }
  const work = mostOverdueFirst([...byNode.values()]);
  if (!input.thaw || !input.capped) return { work, leftOut };
  const cap = nodeCap(input);
  const busy = nodesOf(leftOut.filter(({ outcome }) => outcome === 'in-progress'));
  const { kept, deferred } = within(cap, work, busy);
  return { work: kept, leftOut: [...leftOut, ...deferred.flatMap((w) => defer(w, cap))] };
}

/** Nodes where other runs are at work count too, else many runs at once would share no cap. */
function within(cap: number, work: readonly NodeWork[], busy: ReadonlySet<string>) {
  const kept: NodeWork[] = [];
  const deferred: NodeWork[] = [];
  const touched = new Set(busy);
  for (const node of work) {
    if (touched.has(node.node) || touched.size < cap) kept.push(node);
    else deferred.push(node);
    if (kept.at(-1) === node) touched.add(node.node);
  }
  return { kept, deferred };
}

function nodesOf(leftOut: readonly LeftOut[]): Set<string> {
  return new Set(leftOut.flatMap(({ pod }) => pod.node ?? []));
}

/** Nodes that one run may thaw on: the larger of the share and the floor. */
export function nodeCap({
  nodeCount,
  settings,
}: Pick<PlanInput, 'nodeCount' | 'settings'>): number {
  const { share, floor } = settings.blastRadius;
  return Math.max(floor, Math.ceil(share * nodeCount));
}

function place(
  pod: TerminatingPod,
  input: PlanInput,
): LeftOut | { node: string; instanceId: string } {
  const held = input.thaw ? holdReason(pod, input.settings.protectedNamespaces) : undefined;
  if (held !== undefined) return { pod, outcome: 'held', reason: `left alone: ${held}` };
  if (pod.node === undefined) {
    const reason = 'not scheduled to a node, so no process of it runs: look at its finalizers';
    return { pod, outcome: 'unreachable', reason };
  }
  const placement = input.placements.get(pod.node);
  if (placement === undefined) {
    return { pod, outcome: 'unreachable', reason: `no instance is known for node ${pod.node}` };
  }
  if ('unreachable' in placement) {
    return { pod, outcome: 'unreachable', reason: placement.unreachable };
  }
  const taken = input.thaw ? takenBy(input.claims.get(pod.uid), input.now) : undefined;
  if (taken !== undefined) return { pod, instanceId: placement.instanceId, ...taken };
  return { node: pod.node, instanceId: placement.instanceId };
}

/** Only a thaw claims: a check never has to wait for one. */
function takenBy(claim: Claim | undefined, now: Date): Omit<LeftOut, 'pod'> | undefined {
  if (claim === undefined) return undefined;
  const state = claimState(claim, now);
  switch (state) {
    case 'in-progress':
      return { outcome: 'in-progress', reason: inProgressReason(claim) };
    case 'used-up':
      return usedUp(claim);
    case 'free':
      return undefined;
    default:
      return state satisfies never;
  }
}

function addTo(
  byNode: Map<string, NodeWork>,
  node: string,
  instanceId: string,
  pod: TerminatingPod,
): void {
  const work = byNode.get(node);
  if (work === undefined) byNode.set(node, { node, instanceId, pods: [pod] });
  else work.pods.push(pod);
}

function mostOverdueFirst(work: NodeWork[]): NodeWork[] {
  const oldest = (w: NodeWork) => Math.min(...w.pods.map((p) => Date.parse(p.deletionTimestamp)));
  return work.toSorted((a, b) => oldest(a) - oldest(b) || (a.node < b.node ? -1 : 1));
}

function defer(work: NodeWork, cap: number): LeftOut[] {
  const reason = `at most ${cap} nodes are thawed at a time; a later run takes this one up`;
  return work.pods.map((pod) => ({
    pod,
    instanceId: work.instanceId,
    outcome: 'deferred',
    reason,
  }));
}
