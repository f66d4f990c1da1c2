/** The incident as a Slack message: Block Kit within Slack's limits, everything escaped. */
import type { KnownBlock } from '@slack/types';
import type { Entry } from './message/entry.ts';
import type { Incident } from './message/incident.ts';
import { code, context, escapeMrkdwn, header, linksLine, section } from './message/mrkdwn.ts';

export interface SlackMessage {
  /** Plain-text fallback: what a phone's notification shows. */
  text: string;
  blocks: KnownBlock[];
}

// Slack shows 50 blocks: ten entries, six more of what is over, two blocks each, and five are 37.

export function slackMessage(incident: Incident): SlackMessage {
  const { icon, headline, place, problem, entries, more, run, links } = incident;
  return {
    text: escapeMrkdwn(`${icon} ${headline} (${place})`),
    blocks: [
      header(`${icon} ${headline}`),
      context([escapeMrkdwn(place)]),
      ...(problem === undefined ? [] : [section(escapeMrkdwn(problem))]),
      ...entries.flatMap((entry) => entryBlocks(entry, headline)),
      ...(more === undefined ? [] : [section(escapeMrkdwn(more))]),
      context([escapeMrkdwn(run), ...(links.length === 0 ? [] : [linksLine(links)])]),
    ],
  };
}

function entryBlocks(entry: Entry, headline: string): KnownBlock[] {
  const small = [
    ...(entry.evidence.length === 0 ? [] : [entry.evidence.map(code).join('\n')]),
    linksLine(entry.links) || `runbook: docs/runbook.md#${escapeMrkdwn(entry.anchor)}`,
  ];
  return [
    section([...titleLine(entry, headline), ...entryLines(entry)].join('\n')),
    context(small),
  ];
}

/** Where the headline has said it, not again. */
function titleLine({ icon, title, verdict }: Entry, headline: string): string[] {
  if (headline === `${title} ${verdict}`) return [];
  return [`${icon} *${escapeMrkdwn(title)}* ${escapeMrkdwn(verdict)}`];
}

function entryLines(entry: Entry): string[] {
  const fact = (label: string, text: string) => `*${label}*  ${escapeMrkdwn(text)}`;
  return [
    ...entry.facts.map(([label, text]) => fact(label, text)),
    ...entry.freezer.map((line) => `*freezer*  ${code(line)}`),
    ...(entry.proof.length === 0 ? [] : [`*proven*  ${rungs(entry)}`]),
    fact('left to do', entry.step),
  ];
}

function rungs({ proof }: Entry): string {
  return proof
    .map(({ claim, proven }) => `${proven ? '☑' : '☐'} ${escapeMrkdwn(claim)}`)
    .join('   ');
}
