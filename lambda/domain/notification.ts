/** One publish, a body for each kind of reader. */
import { incidentText, subjectOf } from './incident-text.ts';
import { amazonQ } from './message/amazon-q.ts';
import { kindsOf, makeIncident } from './message/incident.ts';
import { machineBody, quotedBytes } from './message/machine-body.ts';
import type { Origin } from './message/origin.ts';
import { outcomeWords } from './message/outcome-words.ts';
import { clip, printable } from './message/printable.ts';
import { countResolved } from './message/resolved-entry.ts';
import type { Outcome } from './outcome.ts';

export interface Notification {
  /** E-mail's subject: at most 100 characters of ASCII, on one line. */
  subject: string;
  /** SNS `MessageStructure: json`: a body for each protocol, `default` (e-mail) for the rest. */
  bodies: { default: string; sms: string; https: string; lambda: string; sqs: string };
  /** For subscription filters. A list is a `String.Array`: a filter on one of its values matches. */
  attributes: { cluster: string; severity: 'info' | 'warning'; outcome: string[] };
}

/** SNS takes 262,144 bytes in all, attributes and quoting included. Amazon Q's is at most 45,000. */
const MAX_TEXT_BYTES = 40_000;
const MAX_MACHINE_BYTES = 80_000;

/** @param origin what links are made from; without it there are none */
export function makeNotification(outcome: Outcome, origin?: Origin): Notification {
  const incident = makeIncident(outcome, origin);
  const machine = machineBody(outcome, origin, MAX_MACHINE_BYTES);
  const subject = subjectOf(outcome);
  const attributes = attributesOf(outcome);
  const keywords = ['podthaw', attributes.cluster, ...attributes.outcome];
  return {
    subject,
    bodies: {
      default: fitBytes(incidentText(incident), MAX_TEXT_BYTES),
      sms: subject,
      https: JSON.stringify(amazonQ(incident, { runId: outcome.runId, keywords })),
      lambda: machine,
      sqs: machine,
    },
    attributes,
  };
}

/** Whether something is left for a person to do. */
export function needsPerson(outcome: Outcome): boolean {
  return (
    outcome.problem !== undefined || kindsOf(outcome).some((kind) => outcomeWords(kind).needsPerson)
  );
}

function attributesOf(outcome: Outcome): Notification['attributes'] {
  const kinds = [
    ...kindsOf(outcome),
    ...(outcome.problem === undefined ? [] : ['problem']),
    ...(countResolved(outcome) === 0 ? [] : ['resolved']),
  ];
  return {
    cluster: printable(outcome.cluster, 100) || 'unknown',
    severity: needsPerson(outcome) ? 'warning' : 'info',
    outcome: kinds.length === 0 ? ['none'] : kinds,
  };
}

function fitBytes(text: string, most: number): string {
  let fitting = text;
  while (quotedBytes(fitting) > most) fitting = clip(text, Math.floor(fitting.length * 0.8));
  return fitting;
}
