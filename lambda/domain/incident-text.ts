/** The incident in plain text: what e-mail shows, and the fallback of every other reader. */
import type { Outcome, PodOutcome, PodOutcomeKind } from './outcome.ts';
import { podKey } from './pod.ts';
import type { Cause } from './report.ts';

const MAX_PODS = 30;

/** What each outcome means, in the words of a message. */
const OUTCOME_WORDS: { readonly [kind in PodOutcomeKind]: string } = {
  deleted: 'gone',
  thawed: 'thawed, not gone yet',
  'would-thaw': 'frozen, a thaw would free it',
  held: 'left alone',
  'not-frozen': 'not frozen, something else holds it',
  unreachable: 'its node cannot be reached',
  deferred: 'deferred to the next run',
  'in-progress': 'another run has it',
  failed: 'the thaw did not hold',
  unknown: 'unknown',
};

/** What each cause means, in the words of a message. */
const CAUSE_WORDS: { readonly [cause in Cause]: string } = {
  'held-freezing': 'a freeze that cannot complete (FREEZING)',
  'above-pod': 'a freeze above the pod',
  pod: "a freeze of the pod's cgroup",
  nested: 'a freeze nested below the container',
  paused: 'a paused container',
  'outside-pod': 'a freeze outside any pod',
  nfs: 'NFS or EFS that does not answer',
  fuse: 'a FUSE file system that does not answer',
  fsfreeze: 'a frozen file system (fsfreeze)',
  'block-io': 'block I/O (EBS) that does not return',
  'waiting-for-child': 'a process that waits for its child',
  zombie: 'zombies that nobody reaps',
  running: 'processes that still run',
  'no-tasks': 'nothing on the node: finalizers, volumes or the API side',
  unknown: 'a cause that is not known',
};

export function outcomeWords(kind: PodOutcomeKind): string {
  return OUTCOME_WORDS[kind];
}

export function causeWords(cause: Cause): string {
  return CAUSE_WORDS[cause];
}

/** At most 100 ASCII characters without line breaks, as SNS wants a subject. */
export function subjectOf(outcome: Outcome): string {
  return toAscii(`podthaw: ${headline(outcome)}`).slice(0, 100);
}

/** The verdict in one line: what a person reads first. */
export function headline(outcome: Outcome): string {
  if (outcome.problem !== undefined) return `could not look at cluster ${outcome.cluster}`;
  const [only] = outcome.pods;
  if (outcome.pods.length === 1 && only !== undefined) {
    return `${podKey(only)} ${outcomeWords(only.outcome)} (${outcome.cluster})`;
  }
  return `${describeSummary(outcome)} (${outcome.cluster})`;
}

/** "2 deleted, 1 held": every pod counted. */
export function describeSummary({ summary }: Pick<Outcome, 'summary'>): string {
  const parts = Object.entries(summary).map(([kind, count]) => `${count} ${kind}`);
  return parts.length === 0 ? 'nothing was stuck' : parts.join(', ');
}

/** The whole incident; beyond thirty pods the rest is counted. */
export function incidentText(outcome: Outcome): string {
  const shown = outcome.pods.slice(0, MAX_PODS);
  const more = outcome.pods.length - shown.length;
  return [
    headline(outcome),
    '',
    ...(outcome.problem === undefined ? [] : [outcome.problem, '']),
    ...shown.flatMap((pod) => [...podLines(pod), '']),
    ...(more > 0 ? [`and ${more} more: ${describeSummary(outcome)}`, ''] : []),
    `cluster ${outcome.cluster} · ${outcome.action} · ${describeTrigger(outcome)} · run ${outcome.runId}`,
  ].join('\n');
}

export function describeTrigger({ trigger }: Pick<Outcome, 'trigger'>): string {
  return trigger.name === undefined ? trigger.kind : `${trigger.kind} ${trigger.name}`;
}

function podLines(pod: PodOutcome): string[] {
  return [
    `${podKey(pod)}: ${outcomeWords(pod.outcome)}`,
    `  overdue:  ${describeSeconds(pod.overdueSeconds)}`,
    `  node:     ${pod.node ?? 'none'}${pod.instanceId === undefined ? '' : ` (${pod.instanceId})`}`,
    ...(pod.cause === undefined ? [] : [`  cause:    ${causeWords(pod.cause)}`]),
    ...freezeLines(pod).map((line) => `  freezer:  ${line}`),
    `  proof:    ${pod.reason}`,
  ];
}

/** `FROZEN → THAWED  container c0ffee`, one line a freeze. */
export function freezeLines(pod: Pick<PodOutcome, 'freezes'>): string[] {
  return pod.freezes.map((f) => {
    const what = f.container === undefined ? f.level : `${f.level} ${f.container.slice(0, 12)}`;
    return `${f.before} → ${f.after}  ${what}`;
  });
}

/** `45 s`, `5 min`, `3 h 20 min`. */
export function describeSeconds(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function toAscii(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?');
}
