/** Which of a cluster's terminating pods a run is about. */
import { hasSelectors, type ManualRequest } from './manual-request.ts';
import type { Placement } from './plan.ts';
import { overdueSeconds, podKey, type TerminatingPod } from './pod.ts';
import type { Scope } from './scope.ts';

export type Selection =
  /** Every stuck pod. */
  | { by: 'stuck' }
  /** An alarm's scope: a stuck pod must fit all that it names. */
  | { by: 'scope'; scope: Scope }
  /** A person's selectors, which add up; with none, every stuck pod. */
  | { by: 'request'; request: ManualRequest };

export interface SelectionInput {
  pods: readonly TerminatingPod[];
  placements: ReadonlyMap<string, Placement>;
  now: Date;
  stuckAfterSeconds: number;
}

/** Whether a pod can be selected at all, before anybody knows where its node is. */
export function mayBeSelected(
  pod: TerminatingPod,
  selection: Selection,
  now: Date,
  stuckAfterSeconds: number,
): boolean {
  if (overdueSeconds(pod, now) >= stuckAfterSeconds) return true;
  return selection.by === 'request' && isNamed(pod, selection.request);
}

/** The pods that the selection asks for. Those a person named need only be terminating. */
export function selectPods(selection: Selection, input: SelectionInput): TerminatingPod[] {
  const isStuck = (pod: TerminatingPod) =>
    overdueSeconds(pod, input.now) >= input.stuckAfterSeconds;
  switch (selection.by) {
    case 'stuck':
      return input.pods.filter(isStuck);
    case 'scope':
      return input.pods.filter((pod) => isStuck(pod) && fitsScope(pod, selection.scope, input));
    case 'request':
      return input.pods.filter((pod) => isRequested(pod, selection.request, input, isStuck));
    default:
      return selection satisfies never;
  }
}

/** What a person named and the API does not call terminating: `namespace/name` or a UID each. */
export function missingNames(selection: Selection, pods: readonly TerminatingPod[]): string[] {
  if (selection.by !== 'request') return [];
  const known = new Set(pods.flatMap((pod) => [pod.uid, podKey(pod)]));
  const named = [...(selection.request.pods ?? []), ...(selection.request.podUids ?? [])];
  return [...new Set(named)].filter((name) => !known.has(name));
}

function fitsScope(pod: TerminatingPod, scope: Scope, input: SelectionInput): boolean {
  return (
    (scope.namespace === undefined || scope.namespace === pod.namespace) &&
    (scope.node === undefined || scope.node === pod.node) &&
    (scope.instanceId === undefined || scope.instanceId === instanceOf(pod, input)) &&
    (scope.pod === undefined || pod.name === scope.pod || pod.name.startsWith(`${scope.pod}-`))
  );
}

function isRequested(
  pod: TerminatingPod,
  request: ManualRequest,
  input: SelectionInput,
  isStuck: (pod: TerminatingPod) => boolean,
): boolean {
  if (isNamed(pod, request)) return true;
  if (!isStuck(pod)) return false;
  const instanceId = instanceOf(pod, input);
  if (pod.node !== undefined && request.nodes?.includes(pod.node)) return true;
  if (instanceId !== undefined && request.instanceIds?.includes(instanceId)) return true;
  return !hasSelectors(request);
}

function isNamed(pod: TerminatingPod, { pods, podUids }: ManualRequest): boolean {
  return Boolean(pods?.includes(podKey(pod)) || podUids?.includes(pod.uid));
}

function instanceOf(pod: TerminatingPod, { placements }: SelectionInput): string | undefined {
  const placement = pod.node === undefined ? undefined : placements.get(pod.node);
  return placement !== undefined && 'instanceId' in placement ? placement.instanceId : undefined;
}
