/** News: what of an outcome people have not been told yet. Pure. */
import { type Open, type Outcome, type PodOutcome, type Resolved, summarize } from './outcome.ts';

/** Something that may be told, and what would make it news again. */
export interface Item {
  id: string;
  fingerprint: string;
  cluster: string;
  /** What people then wait to hear the end of. */
  open?: Open;
  /** Whether this is the end of what they were told before. */
  over?: boolean;
}

/** That something is over which was told as open. */
export interface FollowUp {
  id: string;
  what: Resolved['what'];
}

/** What people should hear of once, as long as it stays the same. */
export function newsItems(outcome: Outcome): Item[] {
  const pods = outcome.pods.filter(isTelling).map((pod) => podItem(outcome.cluster, pod));
  return outcome.problem === undefined
    ? pods
    : [...pods, problemItem(outcome.cluster, outcome.problem)];
}

export function followUps({ cluster, resolved = [] }: Outcome): FollowUp[] {
  return resolved.map((one) => ({ id: resolvedId(cluster, one), what: one.what }));
}

/** The outcome as far as it is news: pods that are, beside them those put off, and what is over. */
export function onlyNews(outcome: Outcome, fresh: ReadonlySet<string>): Outcome {
  const { problem, resolved = [], resolvedCount: _, ...rest } = outcome;
  const { cluster } = outcome;
  const news = outcome.pods.filter((pod) => isTelling(pod) && fresh.has(podItem(cluster, pod).id));
  const pods =
    news.length === 0 ? [] : outcome.pods.filter((pod) => news.includes(pod) || isPutOff(pod));
  const told = problem !== undefined && fresh.has(problemItem(cluster, problem).id);
  const over = resolved.filter((one) => fresh.has(resolvedId(cluster, one)));
  return {
    ...rest,
    pods,
    summary: summarize(pods),
    ...(told ? { problem } : {}),
    ...(over.length === 0 ? {} : { resolved: over, resolvedCount: over.length }),
  };
}

/** A pod's item in the table: its claim and what was told of it. */
export function podItemId(cluster: string, uid: string): string {
  return `${cluster}/${uid}`;
}

/** Whose turn it is to tell of a cluster. */
export function turnId(cluster: string): string {
  return `${cluster}#turn`;
}

function problemItemId(cluster: string): string {
  return `${cluster}#problem`;
}

function resolvedId(cluster: string, one: Resolved): string {
  return one.what === 'pod' ? podItemId(cluster, one.uid) : problemItemId(cluster);
}

function isPutOff({ outcome }: PodOutcome): boolean {
  return outcome === 'deferred';
}

/**
 * Another run tells of the pods that it has; the next run of those put off; nobody of a pod that
 * went by itself before anything was sent.
 */
function isTelling({ outcome, commandId, uid }: PodOutcome): boolean {
  if (outcome === 'in-progress' || outcome === 'deferred' || uid === '') return false;
  return outcome !== 'deleted' || commandId !== undefined;
}

function podItem(cluster: string, pod: PodOutcome): Item {
  const { uid, outcome, cause, holding } = pod;
  const fingerprint = [outcome, cause, holding]
    .map((part) => part ?? '')
    .join(' ')
    .trim();
  const over = outcome === 'deleted';
  return { id: podItemId(cluster, uid), fingerprint, cluster, over, ...openPod(pod) };
}

/** Only what the API listed can be seen to leave it: a sweep without the API knows no names. */
function openPod({ namespace, name, uid, node, outcome, cause }: PodOutcome): Pick<Item, 'open'> {
  if (outcome === 'deleted' || name === '') return {};
  return {
    open: {
      what: 'pod',
      namespace,
      name,
      uid,
      outcome,
      ...(node === undefined ? {} : { node }),
      ...(cause === undefined ? {} : { cause }),
    },
  };
}

/** Numbers change from one try to the next: ports, times, request ids. */
function problemItem(cluster: string, problem: string): Item {
  return {
    id: problemItemId(cluster),
    fingerprint: problem.replaceAll(/\d+/g, '#').slice(0, 500),
    cluster,
    open: { what: 'problem', problem: problem.slice(0, 500) },
  };
}
