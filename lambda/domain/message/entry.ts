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

export const MAX_REASON = 400;

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

/** A pod by its name; a sweep without the API knows only a UID, or not even that. */
export function podTitle(
  pod: Pick<PodOutcome, 'namespace' | 'name' | 'uid' | 'instanceId'>,
): string {
  if (pod.name !== '') return printable(podKey(pod), 317);
  if (pod.uid !== '') return printable(`pod ${pod.uid}`, 100);
  return printable(pod.instanceId || 'a pod', 100);
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
export function isSaidByProof(pod: PodOutcome): boolean {
  const rungs = proofOf(pod);
  return rungs.length === 3 && rungs.every(({ proven }) => proven);
}

export function causeFact({ cause }: PodOutcome): Entry['facts'] {
  return cause === undefined ? [] : [['cause', causeWords(cause).name]];
}

export function nodeOf({ node, instanceId }: Pick<PodOutcome, 'node' | 'instanceId'>): string {
  if (!node) return printable(instanceId || 'none', 100);
  const instance = instanceId ? ` (${instanceId})` : '';
  return printable(`${node}${instance}`, 300);
}
