/** Outcomes as a table for a terminal. */
import Table from 'cli-table3';
import { causeWords } from '../lambda/domain/message/cause-words.ts';
import { describeSeconds } from '../lambda/domain/message/duration.ts';
import { podTitle } from '../lambda/domain/message/entry.ts';
import { freezeLines } from '../lambda/domain/message/evidence.ts';
import { headline } from '../lambda/domain/message/incident.ts';
import { nextStep } from '../lambda/domain/message/next-step.ts';
import { byUrgency, outcomeWords } from '../lambda/domain/message/outcome-words.ts';
import { printable } from '../lambda/domain/message/printable.ts';
import { proofOf } from '../lambda/domain/message/proof.ts';
import type { Outcome, PodOutcome } from '../lambda/domain/outcome.ts';

/** The verdict, a row for each pod, and what is left to do. */
export function describeOutcome(outcome: Outcome): string {
  const { cluster, problem } = outcome;
  const pods = outcome.pods.toSorted((a, b) => byUrgency(a.outcome, b.outcome));
  return [
    pods.length === 0
      ? headline(outcome)
      : `${headline(outcome)} (cluster ${printable(cluster, 100)})`,
    ...(problem === undefined ? [] : [printable(problem, 1_500)]),
    ...(pods.length === 0 ? [] : ['', podTable(pods)]),
    ...steps(pods, outcome),
    ...(pods.length === 0 ? [] : ['', `run ${printable(outcome.runId, 100)}`]),
  ].join('\n');
}

function podTable(pods: readonly PodOutcome[]): string {
  const table = new Table({
    head: ['POD', 'NODE', 'OVERDUE', 'OUTCOME', 'CAUSE', 'FREEZER AND PROOF'],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: BORDERLESS,
  });
  table.push(...pods.map(row));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function row(pod: PodOutcome): string[] {
  return [
    podTitle(pod),
    printable(pod.instanceId ?? pod.node ?? '-', 60),
    describeSeconds(pod.overdueSeconds),
    outcomeWords(pod.outcome).counted,
    pod.cause ?? '-',
    [...freezeLines(pod), ...proofLine(pod)].join('\n') || printable(pod.reason, 100),
  ];
}

function proofLine(pod: PodOutcome): string[] {
  const rungs = proofOf(pod).map(({ claim, proven }) => `${proven ? '[x]' : '[ ]'} ${claim}`);
  return rungs.length === 0 ? [] : [rungs.join(' ')];
}

/** One line for each pod that needs a person. */
function steps(pods: readonly PodOutcome[], outcome: Outcome): string[] {
  const open = pods.filter((pod) => outcomeWords(pod.outcome).needsPerson);
  if (open.length === 0) return [];
  const lines = open.map((pod) => {
    const because =
      pod.cause === undefined ? printable(pod.reason, 300) : causeWords(pod.cause).name;
    return `  ${podTitle(pod)}: ${because}. ${nextStep(pod, outcome)}`;
  });
  return ['', 'Left to do:', ...lines];
}

const BORDERLESS = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid', 'middle']
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .map((name) => [name, '']),
);
