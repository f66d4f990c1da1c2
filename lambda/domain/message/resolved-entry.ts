/** What is over: entries and a headline for pods that left and problems that ended after they were told. */
import type { Outcome, Resolved } from '../outcome.ts';
import { causeWords } from './cause-words.ts';
import { describeSeconds } from './duration.ts';
import { type Entry, MAX_REASON, nodeOf, podTitle } from './entry.ts';
import { runbookLink } from './links.ts';
import type { Origin } from './origin.ts';
import { byUrgency, outcomeWords } from './outcome-words.ts';
import { printable } from './printable.ts';

type GonePod = Extract<Resolved, { what: 'pod' }>;
type PastProblem = Extract<Resolved, { what: 'problem' }>;

/** So many pods are told one by one. */
const MAX_SINGLE = 5;
const MAX_NAMES = 10;
const ANCHOR = 'resolved';

export function resolvedEntries(outcome: Outcome, origin: Origin | undefined): Entry[] {
  const { pods, problems, podCount } = partsOf(outcome);
  const podEntries =
    podCount > MAX_SINGLE && pods.length > 0
      ? [goneTogether(pods, podCount, origin)]
      : pods.map((pod) => goneEntry(pod, origin));
  return [...problems.map((one) => problemEntry(one, outcome, origin)), ...podEntries];
}

/** The verdict in one line; undefined where nothing is over. */
export function resolvedHeadline(outcome: Outcome): string | undefined {
  const { pods, problems, podCount } = partsOf(outcome);
  const [problem] = problems;
  const [pod] = pods;
  const gone =
    podCount === 1 && pod !== undefined ? `${podTitle(pod)} is gone` : `${podCount} pods are gone`;
  const cluster = `${clusterTitle(outcome)} can be looked at again`;
  if (problem === undefined && podCount === 0) return undefined;
  if (problem === undefined) return `${gone}: ${podCount === 1 && pod ? after(pod) : 'resolved'}`;
  return podCount === 0 ? `${cluster}: ${after(problem)}` : `${cluster}, ${gone}: resolved`;
}

/** How many are over, whatever the list had room for. */
export function countResolved({ resolved = [], resolvedCount = 0 }: Outcome): number {
  return Math.max(resolved.length, resolvedCount);
}

function partsOf(outcome: Outcome) {
  const { resolved = [] } = outcome;
  const pods = resolved.filter((one) => one.what === 'pod');
  const problems = resolved.filter((one) => one.what === 'problem').slice(0, 1);
  const podCount = countResolved(outcome) - (resolved.length - pods.length);
  return { pods, problems, podCount };
}

function goneEntry(pod: GonePod, origin: Origin | undefined): Entry {
  return {
    ...entryOf(origin),
    title: podTitle(pod),
    verdict: `is gone: ${after(pod)}`,
    facts: [
      ['was told as', toldAs(pod)],
      ['node', nodeOf(pod)],
    ],
    proof: [{ claim: 'pod gone from the API', proven: true }],
  };
}

function goneTogether(pods: readonly GonePod[], count: number, origin: Origin | undefined): Entry {
  const longest = pods.reduce((most, { secondsOpen }) => Math.max(most, secondsOpen), 0);
  return {
    ...entryOf(origin),
    title: `${count} pods`,
    verdict: 'are gone: resolved',
    facts: [
      ['pods', names(pods, count)],
      ['were told as', toldAsCounted(pods)],
      ['first told', `up to ${describeSeconds(longest)} before`],
    ],
    proof: [{ claim: 'pods gone from the API', proven: true }],
  };
}

function problemEntry(problem: PastProblem, outcome: Outcome, origin: Origin | undefined): Entry {
  return {
    ...entryOf(origin),
    title: clusterTitle(outcome),
    verdict: `can be looked at again: ${after(problem)}`,
    facts: [['was told as', printable(problem.problem, MAX_REASON) || 'a problem']],
    proof: [{ claim: 'all of its pods listed', proven: true }],
  };
}

function entryOf(origin: Origin | undefined) {
  return {
    icon: outcomeWords('deleted').icon,
    freezer: [],
    step: 'Nothing.',
    evidence: [],
    links: runbookLink(origin, ANCHOR),
    anchor: ANCHOR,
  };
}

function clusterTitle({ cluster }: Outcome): string {
  return `cluster ${printable(cluster, 100)}`;
}

/** "resolved 12 min after it was first told" */
function after({ secondsOpen }: Resolved): string {
  return `resolved ${describeSeconds(secondsOpen)} after it was first told`;
}

function toldAs({ outcome, cause }: GonePod): string {
  const by = cause === undefined ? '' : ` (${causeWords(cause).name})`;
  return `${outcomeWords(outcome).counted}${by}`;
}

/** "2 left alone, 48 stuck but not frozen", of those that are listed. */
function toldAsCounted(pods: readonly GonePod[]): string {
  return [...Map.groupBy(pods, ({ outcome }) => outcome)]
    .toSorted(([a], [b]) => byUrgency(a, b))
    .map(([outcome, group]) => `${group.length} ${outcomeWords(outcome).counted}`)
    .join(', ');
}

function names(pods: readonly GonePod[], count: number): string {
  const shown = pods.slice(0, MAX_NAMES).map((pod) => printable(podTitle(pod), 120));
  const left = count - shown.length;
  return `${shown.join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}
