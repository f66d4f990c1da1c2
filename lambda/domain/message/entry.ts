/** One entry of a message: a pod, or pods that came to the same outcome by the same cause. */
import type { Outcome, PodOutcome } from '../outcome.ts';
import { podKey } from '../pod.ts';
import { causeWords } from './cause-words.ts';
import { describeSeconds } from './duration.ts';
import { freezeLines, processLines } from './evidence.ts';
import { commandLink, type Link, runbookLink } from './links.ts';
import { nextStep } from './next-step.ts';
import type { Origin } from './origin.ts';
import { outcomeWords, verdictOf } from './outcome-words.ts';
import { printable } from './printable.ts';
import { proofOf, type Rung } from './proof.ts';

export interface Entry {
  icon: string;
  title: string;
  verdict: string;
  /** Labelled lines, in the order in which they are read. */
  facts: (readonly [label: string, text: string])[];
  /** Freezer states, before → after. */
  freezer: string[];
  proof: Rung[];
  step: string;
  /** Processes, in the kernel's words. */
  evidence: string[];
  links: Link[];
  /** The runbook's section. */
  anchor: string;
}

const MAX_NAMES = 10;
const MAX_REASON = 400;

export function podEntry(pod: PodOutcome, run: Outcome, origin: Origin | undefined): Entry {
  const anchor = anchorOf(pod);
  return {
    icon: outcomeWords(pod.outcome).icon,
    title: podTitle(pod),
    verdict: verdictOf(pod),
    facts: factsOf(pod),
    freezer: freezeLines(pod),
    proof: proofOf(pod),
    step: nextStep(pod, run),
    evidence: processLines(pod),
    links: [...commandLink(origin, pod.commandId), ...runbookLink(origin, anchor)],
    anchor,
  };
}

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

/** A pod by its name; a sweep without the API knows only a UID, or not even that. */
export function podTitle(pod: PodOutcome): string {
  if (pod.name !== '') return printable(podKey(pod), 317);
  if (pod.uid !== '') return printable(`pod ${pod.uid}`, 100);
  return printable(pod.instanceId ?? 'a pod', 100);
}

/** The runbook's section: on the cause where that is what a person deals with, else on the outcome. */
export function anchorOf(pod: Pick<PodOutcome, 'outcome' | 'cause' | 'holding'>): string {
  const cause = pod.holding ?? pod.cause;
  const byOutcome =
    cause === undefined ||
    cause === 'unknown' ||
    pod.outcome === 'failed' ||
    (pod.outcome === 'held' && !['above-pod', 'outside-pod'].includes(cause));
  return byOutcome ? `outcome-${pod.outcome}` : `cause-${cause}`;
}

function factsOf(pod: PodOutcome): Entry['facts'] {
  return [
    ['overdue', `${describeSeconds(pod.overdueSeconds)} past its deletion`],
    ['node', nodeOf(pod)],
    ...causeFact(pod),
    ...(pod.holding === undefined
      ? []
      : [['still held by', causeWords(pod.holding).name] as const]),
    ...goneAfter(pod),
    ...(isSaidByProof(pod) ? [] : [['reason', printable(pod.reason, MAX_REASON)] as const]),
  ];
}

function goneAfter({ secondsToGone }: PodOutcome): Entry['facts'] {
  if (secondsToGone === undefined) return [];
  return [['gone after', `${describeSeconds(secondsToGone)} from the start of the run`]];
}

/** Where all rungs are reached, the reason only says so again. */
function isSaidByProof(pod: PodOutcome): boolean {
  const rungs = proofOf(pod);
  return rungs.length === 3 && rungs.every(({ proven }) => proven);
}

function causeFact({ cause }: PodOutcome): Entry['facts'] {
  return cause === undefined ? [] : [['cause', causeWords(cause).name]];
}

function nodeOf({ node, instanceId }: PodOutcome): string {
  if (node === undefined) return printable(instanceId ?? 'none', 100);
  const instance = instanceId === undefined ? '' : ` (${instanceId})`;
  return printable(`${node}${instance}`, 300);
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
