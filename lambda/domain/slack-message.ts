/** The incident as a Slack message: Block Kit within Slack's limits, everything escaped. */
import type { KnownBlock } from '@slack/types';
import {
  causeWords,
  describeSeconds,
  describeSummary,
  describeTrigger,
  freezeLines,
  headline,
  outcomeWords,
} from './incident-text.ts';
import type { Outcome, PodOutcome, PodOutcomeKind } from './outcome.ts';
import { podKey } from './pod.ts';

export interface SlackMessage {
  /** Plain-text fallback: what a phone's notification shows. */
  text: string;
  blocks: KnownBlock[];
}

// https://docs.slack.dev/reference/block-kit/blocks: 50 blocks, header 150, section text 3,000.
const MAX_PODS = 20;
const MAX_HEADER = 150;
const MAX_SECTION = 3_000;

const ICONS: { readonly [kind in PodOutcomeKind]: string } = {
  deleted: ':white_check_mark:',
  thawed: ':sunny:',
  'would-thaw': ':snowflake:',
  held: ':raised_hand:',
  'not-frozen': ':mag:',
  unreachable: ':no_entry:',
  deferred: ':hourglass:',
  'in-progress': ':hourglass_flowing_sand:',
  failed: ':x:',
  unknown: ':grey_question:',
};

export function slackMessage(outcome: Outcome): SlackMessage {
  const shown = outcome.pods.slice(0, MAX_PODS);
  const more = outcome.pods.length - shown.length;
  const context = `cluster ${outcome.cluster} · ${outcome.action} · ${describeTrigger(outcome)} · run ${outcome.runId}`;
  return {
    text: escapeMrkdwn(`podthaw: ${headline(outcome)}`),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: clip(headline(outcome), MAX_HEADER) } },
      ...(outcome.problem === undefined ? [] : [section(escapeMrkdwn(outcome.problem))]),
      ...shown.map((pod) => section(podText(pod))),
      ...(more > 0 ? [section(`and ${more} more: ${describeSummary(outcome)}`)] : []),
      { type: 'context', elements: [{ type: 'mrkdwn', text: clip(escapeMrkdwn(context), 2_000) }] },
    ],
  };
}

/** An alarm of podthaw's own, or anything else that was published to the topic, as plain text. */
export function plainSlackMessage(subject: string, body: string): SlackMessage {
  return {
    text: escapeMrkdwn(`podthaw: ${subject}`),
    blocks: [section(`*${escapeMrkdwn(subject)}*\n${escapeMrkdwn(body)}`)],
  };
}

/**
 * Escapes the three characters that Slack reads as control, so that no name can mention a channel
 * or make a link. https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
export function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function podText(pod: PodOutcome): string {
  const where = pod.instanceId === undefined ? pod.node : `${pod.node} (${pod.instanceId})`;
  const cause = pod.cause === undefined ? '' : `\ncause: ${causeWords(pod.cause)}`;
  const freezes = freezeLines(pod).map((line) => `\n\`${escapeMrkdwn(line)}\``);
  return [
    `${ICONS[pod.outcome]} *${escapeMrkdwn(podKey(pod))}* ${outcomeWords(pod.outcome)}`,
    `\non ${escapeMrkdwn(where ?? 'no node')}, overdue by ${describeSeconds(pod.overdueSeconds)}`,
    cause,
    ...freezes,
    `\n${escapeMrkdwn(pod.reason)}`,
  ].join('');
}

function section(text: string): KnownBlock {
  return { type: 'section', text: { type: 'mrkdwn', text: clip(text, MAX_SECTION) } };
}

/** Cuts without leaving half a surrogate pair or half an escape behind. */
function clip(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$|&[a-z]{0,3}$/, '')}…`;
}
