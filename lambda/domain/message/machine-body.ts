/** The outcome as JSON for machines, shortened until it fits. */
import type { Outcome, Resolved } from '../outcome.ts';
import type { Origin } from './origin.ts';
import { byUrgency } from './outcome-words.ts';
import { clip } from './printable.ts';

/** Each step leaves out more; what decides a pod's fate goes last. */
const STEPS: readonly ((outcome: Outcome) => Outcome)[] = [
  (outcome) => outcome,
  (outcome) => mapPods(outcome, (pod) => ({ ...pod, processes: pod.processes.map(noStack) })),
  (outcome) => mapPods(outcome, (pod) => ({ ...pod, processes: [] })),
  (outcome) => mapPods(outcome, (pod) => ({ ...pod, freezes: [], reason: clip(pod.reason, 300) })),
  brief,
];

/**
 * @param most bytes, as they count inside SNS's own JSON
 * @returns JSON of the outcome and its origin; `summary` and `resolvedCount` count every pod, whatever was left out
 */
export function machineBody(outcome: Outcome, origin: Origin | undefined, most: number): string {
  let shorter = outcome;
  for (const step of STEPS) {
    shorter = step(shorter);
    const body = JSON.stringify({ ...shorter, origin });
    if (quotedBytes(body) <= most) return body;
  }
  return halve(urgentFirst(shorter), origin, most);
}

/** Bytes of UTF-8 that a text takes up as a string inside JSON. */
export function quotedBytes(text: string): number {
  return new TextEncoder().encode(JSON.stringify(text)).length;
}

/** What needs a person is left out last. */
function urgentFirst(outcome: Outcome): Outcome {
  return { ...outcome, pods: outcome.pods.toSorted((a, b) => byUrgency(a.outcome, b.outcome)) };
}

function halve(outcome: Outcome, origin: Origin | undefined, most: number): string {
  const body = JSON.stringify({ ...outcome, origin });
  const { pods, resolved = [] } = outcome;
  if (pods.length + resolved.length === 0 || quotedBytes(body) <= most) return body;
  const half = { ...outcome, pods: firstHalf(pods) };
  if (resolved.length > 0) half.resolved = firstHalf(resolved);
  return halve(half, origin, most);
}

function firstHalf<T>(list: readonly T[]): T[] {
  return list.slice(0, Math.floor(list.length / 2));
}

function mapPods(
  outcome: Outcome,
  change: (pod: Outcome['pods'][number]) => Outcome['pods'][number],
) {
  return { ...outcome, pods: outcome.pods.map(change) };
}

function noStack(process: Outcome['pods'][number]['processes'][number]) {
  return { ...process, stack: [] };
}

/** Nothing longer than Kubernetes and AWS allow names to be. */
function brief(outcome: Outcome): Outcome {
  const { trigger, problem, resolved } = outcome;
  const cut = mapPods(outcome, (pod) => ({
    ...pod,
    namespace: clip(pod.namespace, 63),
    name: clip(pod.name, 253),
    uid: clip(pod.uid, 36),
    ...(pod.node === undefined ? {} : { node: clip(pod.node, 253) }),
    ...(pod.instanceId === undefined ? {} : { instanceId: clip(pod.instanceId, 40) }),
    ...(pod.commandId === undefined ? {} : { commandId: clip(pod.commandId, 36) }),
    ...(pod.tasks === undefined ? {} : { tasks: countsOf(pod.tasks) }),
  }));
  return {
    ...cut,
    runId: clip(outcome.runId, 100),
    cluster: clip(outcome.cluster, 100),
    trigger: {
      ...trigger,
      ...(trigger.name === undefined ? {} : { name: clip(trigger.name, 255) }),
    },
    ...(problem === undefined ? {} : { problem: clip(problem, 1_500) }),
    ...(resolved === undefined ? {} : { resolved: resolved.map(briefly) }),
  };
}

function briefly(one: Resolved): Resolved {
  if (one.what === 'problem') return { ...one, problem: clip(one.problem, 500) };
  return {
    ...one,
    namespace: clip(one.namespace, 63),
    name: clip(one.name, 253),
    uid: clip(one.uid, 36),
    ...(one.node === undefined ? {} : { node: clip(one.node, 253) }),
  };
}

function countsOf({ exited, left }: NonNullable<Outcome['pods'][number]['tasks']>) {
  return { ...(exited === undefined ? {} : { exited }), ...(left === undefined ? {} : { left }) };
}
