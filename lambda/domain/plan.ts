/** The plan: which pods a run sends to which instances, and for every pod left out, why. Pure. */
import type { PodOutcomeKind } from './outcome.ts';
import { holdReason, podKey, type TerminatingPod } from './pod.ts';
import type { Settings } from './settings.ts';

/** Where a node's commands go, or why they can't. */
export type Placement = { instanceId: string } | { unreachable: string };

export interface NodeWork {
  node: string;
  instanceId: string;
  pods: TerminatingPod[];
}

export interface LeftOut {
  pod: TerminatingPod;
  instanceId?: string;
  outcome: Extract<PodOutcomeKind, 'held' | 'unreachable' | 'deferred' | 'in-progress' | 'unknown'>;
  reason: string;
}

export interface Plan {
  work: NodeWork[];
  leftOut: LeftOut[];
}

export interface PlanInput {
  pods: readonly TerminatingPod[];
  /** By node name. */
  placements: ReadonlyMap<string, Placement>;
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
  const cap = input.thaw && input.capped ? nodeCap(input) : work.length;
  return {
    work: work.slice(0, cap),
    leftOut: [...leftOut, ...work.slice(cap).flatMap((w) => defer(w, cap))],
  };
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
  return { node: pod.node, instanceId: placement.instanceId };
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
  const reason = `a run thaws on at most ${cap} nodes; the next run takes this one up`;
  return work.pods.map((pod) => ({
    pod,
    instanceId: work.instanceId,
    outcome: 'deferred',
    reason,
  }));
}

/** For logs: the plan in one line a pod. */
export function describePlan(plan: Plan): string[] {
  return [
    ...plan.work.flatMap((w) => w.pods.map((pod) => `${podKey(pod)} → ${w.instanceId}`)),
    ...plan.leftOut.map(({ pod, outcome, reason }) => `${podKey(pod)} ${outcome}: ${reason}`),
  ];
}
