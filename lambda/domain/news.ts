/** News: what of an outcome people have not been told yet. Pure. */
import { type Outcome, type PodOutcome, summarize } from './outcome.ts';

/** Something that may be told, and what would make it news again. */
export interface Item {
  id: string;
  fingerprint: string;
}

/** What people should hear of once, as long as it stays the same. */
export function newsItems(outcome: Outcome): Item[] {
  const pods = outcome.pods.filter(isTelling).map((pod) => podItem(outcome.cluster, pod));
  return outcome.problem === undefined
    ? pods
    : [...pods, problemItem(outcome.cluster, outcome.problem)];
}

/** The outcome as far as it is news: pods that are, and beside them those put off. */
export function onlyNews(outcome: Outcome, fresh: ReadonlySet<string>): Outcome {
  const { problem, ...rest } = outcome;
  const pods = outcome.pods.filter(
    (pod) =>
      pod.outcome === 'deferred' || (isTelling(pod) && fresh.has(podItem(outcome.cluster, pod).id)),
  );
  const told = problem !== undefined && fresh.has(problemItem(outcome.cluster, problem).id);
  return { ...rest, pods, summary: summarize(pods), ...(told ? { problem } : {}) };
}

/** A pod's item in the table: its claim and what was told of it. */
export function podItemId(cluster: string, uid: string): string {
  return `${cluster}/${uid}`;
}

export function problemItemId(cluster: string): string {
  return `${cluster}#problem`;
}

/**
 * Another run tells of the pods that it has; the next run of those put off; nobody of a pod that
 * went by itself before anything was sent.
 */
function isTelling({ outcome, commandId, uid }: PodOutcome): boolean {
  if (outcome === 'in-progress' || outcome === 'deferred' || uid === '') return false;
  return outcome !== 'deleted' || commandId !== undefined;
}

function podItem(cluster: string, { uid, outcome, cause, holding }: PodOutcome): Item {
  const fingerprint = [outcome, cause, holding]
    .map((part) => part ?? '')
    .join(' ')
    .trim();
  return { id: podItemId(cluster, uid), fingerprint };
}

/** Numbers change from one try to the next: ports, times, request ids. */
function problemItem(cluster: string, problem: string): Item {
  return { id: problemItemId(cluster), fingerprint: problem.replaceAll(/\d+/g, '#').slice(0, 500) };
}
