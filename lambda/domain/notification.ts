/** One publish, a body for each kind of reader. */
import { incidentText, subjectOf } from './incident-text.ts';
import type { Outcome } from './outcome.ts';

export interface Notification {
  /** E-mail's subject: at most 100 characters of ASCII, on one line. */
  subject: string;
  /** SNS `MessageStructure: json`: a body for each protocol, `default` for the rest. */
  bodies: { default: string; lambda: string; sqs: string };
  /** For subscription filters. */
  attributes: { cluster: string; outcome: string; severity: 'info' | 'warning' };
}

/** SNS takes 256 KB in all; half of what is left after the text goes to each machine reader. */
const MAX_JSON_BYTES = 100_000;

export function makeNotification(outcome: Outcome): Notification {
  const json = JSON.stringify(shorten(outcome));
  const kinds = Object.keys(outcome.summary);
  return {
    subject: subjectOf(outcome),
    bodies: { default: incidentText(outcome), lambda: json, sqs: json },
    attributes: {
      cluster: outcome.cluster,
      outcome: kinds.length === 1 ? (kinds[0] ?? 'none') : kinds.length === 0 ? 'none' : 'mixed',
      severity: needsPerson(outcome) ? 'warning' : 'info',
    },
  };
}

/** Whether something is left for a person to do. */
export function needsPerson(outcome: Outcome): boolean {
  const settled = new Set(['deleted', 'in-progress', 'deferred']);
  return (
    outcome.problem !== undefined || outcome.pods.some(({ outcome: kind }) => !settled.has(kind))
  );
}

/** Drops evidence, then pods, until the JSON fits; the summary always counts every pod. */
function shorten(outcome: Outcome): Outcome {
  if (bytes(outcome) <= MAX_JSON_BYTES) return outcome;
  const bare = {
    ...outcome,
    pods: outcome.pods.map((pod) => ({ ...pod, processes: [], freezes: pod.freezes.slice(0, 1) })),
  };
  while (bare.pods.length > 1 && bytes(bare) > MAX_JSON_BYTES) {
    bare.pods = bare.pods.slice(0, Math.floor(bare.pods.length / 2));
  }
  return bare;
}

/** Size as SNS counts it: UTF-8. */
function bytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
