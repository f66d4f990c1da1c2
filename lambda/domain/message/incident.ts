/** The incident as every reader is told it; a reader's own file only sets and escapes it. */
import type { Outcome, PodOutcome } from '../outcome.ts';
import { type Entry, podEntry, podTitle } from './entry.ts';
import { groupEntry } from './group-entry.ts';
import { dashboardLink, type Link, logsLink, runbookLink } from './links.ts';
import type { Origin } from './origin.ts';
import { byUrgency, outcomeWords, verdictOf } from './outcome-words.ts';
import { printable } from './printable.ts';
import { countResolved, resolvedEntries, resolvedHeadline } from './resolved-entry.ts';

export interface Incident {
  icon: string;
  /** The verdict in one line: what a person reads first. */
  headline: string;
  /** Cluster, account, region. */
  place: string;
  /** What kept the run from looking at all. */
  problem?: string;
  entries: Entry[];
  /** What did not fit: "and 12 more; in all: …". */
  more?: string;
  /** What set the run off, what it did, its id. */
  run: string;
  /** Of the run as a whole. */
  links: Link[];
}

/** So many pods are told one by one; more are summed up by outcome and cause. */
const MAX_SINGLE = 5;
const MAX_GROUPS = 10;
const MAX_PROBLEM = 1_500;

export function makeIncident(outcome: Outcome, origin: Origin | undefined): Incident {
  const { entries, told } = makeEntries(outcome, origin);
  const left = countPods(outcome) - told;
  return {
    icon: iconOf(outcome),
    headline: headline(outcome),
    place: placeOf(outcome, origin),
    ...problemOf(outcome),
    entries: [...entries, ...resolvedEntries(outcome, origin)],
    ...(left > 0 ? { more: `and ${left} more; in all: ${describeSummary(outcome)}` } : {}),
    run: `${outcome.action} · ${describeTrigger(outcome)} · run ${printable(outcome.runId, 100)}`,
    links: [
      ...(outcome.problem === undefined ? [] : runbookLink(origin, 'problem')),
      ...logsLink(origin, outcome.runId),
      ...dashboardLink(origin),
    ],
  };
}

/** The verdict in one line; what is over stands alone, or after what is stuck. */
export function headline(outcome: Outcome): string {
  const over = resolvedHeadline(outcome);
  const isAlone = outcome.problem === undefined && countPods(outcome) === 0;
  if (over === undefined) return stuckHeadline(outcome);
  return isAlone
    ? over
    : `${stuckHeadline(outcome)}; ${countResolved(outcome)} told earlier resolved`;
}

function stuckHeadline(outcome: Outcome): string {
  const cluster = printable(outcome.cluster, 100);
  if (outcome.problem !== undefined) return `podthaw could not look at cluster ${cluster}`;
  const [only] = outcome.pods;
  const count = countPods(outcome);
  if (count === 1 && only !== undefined) return `${podTitle(only)} ${verdictOf(only)}`;
  if (count === 0) return `Nothing was stuck in cluster ${cluster}`;
  return `${count} pods were stuck: ${describeSummary(outcome)}`;
}

/** "2 gone, 1 left alone": every pod counted, the most urgent first. */
function describeSummary({ summary }: Pick<Outcome, 'summary'>): string {
  return kindsOf({ summary })
    .map((kind) => `${summary[kind]} ${outcomeWords(kind).counted}`)
    .join(', ');
}

/** The outcomes that occurred, the most urgent first. */
export function kindsOf({ summary }: Pick<Outcome, 'summary'>): PodOutcome['outcome'][] {
  const kinds = Object.keys(summary) as (keyof typeof summary)[];
  return kinds.filter((kind) => (summary[kind] ?? 0) > 0).toSorted(byUrgency);
}

function countPods({ summary }: Pick<Outcome, 'summary'>): number {
  return Object.values(summary).reduce((sum, count) => sum + count, 0);
}

function iconOf(outcome: Outcome): string {
  const [worst] = kindsOf(outcome);
  if (outcome.problem !== undefined) return '🚨';
  return worst === undefined ? '✅' : outcomeWords(worst).icon;
}

function problemOf({ problem }: Outcome): Pick<Incident, 'problem'> {
  if (problem === undefined) return {};
  return { problem: printable(problem, MAX_PROBLEM) || 'It is not known why.' };
}

function placeOf({ cluster }: Outcome, origin: Origin | undefined): string {
  const where = origin === undefined ? '' : ` · account ${origin.account} · ${origin.region}`;
  return `cluster ${printable(cluster, 100)}${where}`;
}

function describeTrigger({ trigger }: Outcome): string {
  if (trigger.kind === 'manual') return 'by hand';
  if (trigger.kind === 'schedule') return 'on schedule';
  return `alarm ${printable(trigger.name ?? '', 255)}`.trim();
}

/** A few pods one by one; many by what they have in common. */
function makeEntries(outcome: Outcome, origin: Origin | undefined) {
  const pods = outcome.pods.toSorted((a, b) => byUrgency(a.outcome, b.outcome));
  if (pods.length <= MAX_SINGLE) {
    return { entries: pods.map((pod) => podEntry(pod, outcome, origin)), told: pods.length };
  }
  const groups = [...Map.groupBy(pods, ({ outcome: kind, cause }) => `${kind} ${cause ?? ''}`)];
  const shown = groups.slice(0, MAX_GROUPS).map(([, group]) => group);
  return {
    entries: shown.map((group) => groupEntry(group, outcome, origin)),
    told: shown.flat().length,
  };
}
