/** An entry that tells many pods of one outcome and cause in one. */
import type { Outcome, PodOutcome } from '../outcome.ts';
import { describeSeconds } from './duration.ts';
import {
  causeFact,
  type Entry,
  isSaidByProof,
  MAX_REASON,
  nodeOf,
  podEntry,
  podTitle,
} from './entry.ts';
import { commandLink, type Link, runbookLink } from './links.ts';
import { nextStep } from './next-step.ts';
import type { Origin } from './origin.ts';
import { outcomeWords } from './outcome-words.ts';
import { printable } from './printable.ts';
import { proofOf, type Rung } from './proof.ts';

const MAX_NAMES = 10;

/** @param pods at least one, all of one outcome and cause */
export function groupEntry(
  pods: readonly PodOutcome[],
  run: Outcome,
  origin: Origin | undefined,
): Entry {
  const [first, ...others] = pods;
  if (first === undefined) throw new Error('a group holds at least one pod');
  if (others.length === 0) return podEntry(first, run, origin);
  const entry = podEntry(mostOverdue(pods), run, origin);
  const { icon, counted } = outcomeWords(first.outcome);
  return {
    ...entry,
    icon,
    title: `${pods.length} pods`,
    verdict: counted,
    facts: [...causeFact(first), ['pods', names(pods)], ...longest(pods), ...sharedReason(pods)],
    freezer: [],
    proof: sharedProof(pods),
    step: sharedStep(pods, run),
    evidence: [],
    links: [...commandLinks(pods, origin), ...runbookLink(origin, entry.anchor)],
  };
}

function names(pods: readonly PodOutcome[]): string {
  const shown = pods.slice(0, MAX_NAMES).map((pod) => printable(podTitle(pod), 120));
  const left = pods.length - shown.length;
  return `${shown.join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}

function longest(pods: readonly PodOutcome[]): Entry['facts'] {
  const { overdueSeconds } = mostOverdue(pods);
  const nodes = new Set(pods.map(nodeOf)).size;
  const on = nodes === 1 ? 'all on one node' : `on ${nodes} nodes`;
  return [['overdue', `up to ${describeSeconds(overdueSeconds)}, ${on}`]];
}

function sharedReason(pods: readonly PodOutcome[]): Entry['facts'] {
  const reasons = new Set(pods.map(({ reason }) => reason));
  const [reason = ''] = reasons;
  if (pods.every(isSaidByProof)) return [];
  if (reasons.size === 1) return [['reason', printable(reason, MAX_REASON)]];
  return [['reasons', printable([...reasons].slice(0, 3).join(' · '), MAX_REASON)]];
}

/** A claim about all is proven only if it is proven of each. */
function sharedProof(pods: readonly PodOutcome[]): Rung[] {
  const rungs = pods.map((pod) =>
    proofOf(pod).map(({ claim, proven }) => ({ ...plain(claim), proven })),
  );
  const claims = new Set(rungs.flat().map(({ claim }) => claim));
  return [...claims].map((claim) => {
    const proven = rungs.filter((r) => r.some((rung) => rung.claim === claim && rung.proven));
    const all = proven.length === pods.length;
    return { claim: all ? claim : `${claim} (${proven.length} of ${pods.length})`, proven: all };
  });
}

/** Without the counts of a single pod. */
function plain(claim: string): { claim: string } {
  return { claim: claim.replace(/ \(.*\)$/, '') };
}

/** A step for all of them names none of them. */
function sharedStep(pods: readonly PodOutcome[], run: Outcome): string {
  const steps = new Set(pods.map((pod) => nextStep({ ...pod, name: '' }, run)));
  return [...steps].slice(0, 2).join(' ');
}

function commandLinks(pods: readonly PodOutcome[], origin: Origin | undefined): Link[] {
  const ids = [...new Set(pods.map(({ commandId }) => commandId))];
  return ids.flatMap((id) => commandLink(origin, id)).slice(0, 3);
}

function mostOverdue(pods: readonly PodOutcome[]): PodOutcome {
  return pods.reduce((a, b) => (b.overdueSeconds > a.overdueSeconds ? b : a));
}
