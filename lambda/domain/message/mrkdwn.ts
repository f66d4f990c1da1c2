/** Slack's markup: everything from outside escaped, the only links our own. */
import type { ContextBlock, HeaderBlock, SectionBlock } from '@slack/types';
import type { Link } from './links.ts';
import { clip } from './printable.ts';

// https://docs.slack.dev/reference/block-kit/blocks
const MAX_HEADER = 150;
const MAX_TEXT = 3_000;
const MAX_ELEMENTS = 10;

/**
 * No name can mention a channel or make a link, nor be bold, struck out or italic: that is podthaw's
 * own voice. Slack has escapes for three characters only; the others become ones that look alike.
 */
export function escapeMrkdwn(text: string): string {
  return escapeControl(text)
    .replaceAll('*', '∗')
    .replaceAll('~', '∼')
    .replaceAll('`', "'")
    .replaceAll(/(?<![\p{L}\p{N}_])_(?=\S)/gu, 'ˍ');
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escapeControl(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Plain text needs no escapes, and Slack would show them: angle brackets become others. */
export function header(text: string): HeaderBlock {
  const harmless = text.replaceAll('<', '‹').replaceAll('>', '›');
  return { type: 'header', text: { type: 'plain_text', text: clip(harmless, MAX_HEADER) } };
}

/** `verbatim`: Slack makes no links of bare URLs, channel names or mentions in the text. */
export function section(mrkdwn: string): SectionBlock {
  return { type: 'section', text: { type: 'mrkdwn', text: wholeLines(mrkdwn), verbatim: true } };
}

/** Small print; at most ten lines. */
export function context(mrkdwns: readonly string[]): ContextBlock {
  const elements = mrkdwns
    .slice(0, MAX_ELEMENTS)
    .map((text) => ({ type: 'mrkdwn' as const, text: wholeLines(text), verbatim: true }));
  return { type: 'context', elements };
}

export function mrkdwnLink({ label, url }: Link): string {
  return `<${url}|${escapeMrkdwn(label).replaceAll('|', '¦')}>`;
}

/** In monospace; a backtick inside would end it. */
export function code(text: string): string {
  return `\`${escapeControl(text.replaceAll('`', "'"))}\``;
}

/** As many whole links as a text holds. */
export function linksLine(links: readonly Link[]): string {
  let line = '';
  for (const link of links.map(mrkdwnLink)) {
    const longer = line === '' ? link : `${line} · ${link}`;
    if (longer.length <= MAX_TEXT) line = longer;
  }
  return line;
}

/** Cuts at a whole line where it can, so that no link or escape is cut in two. */
function wholeLines(mrkdwn: string): string {
  if (mrkdwn.length <= MAX_TEXT) return mrkdwn;
  const end = mrkdwn.lastIndexOf('\n', MAX_TEXT - 2);
  const whole = end > 0 ? mrkdwn.slice(0, end) : cutInLine(mrkdwn);
  return `${whole}\n…`;
}

/** One line too long: leaves no half of an escape or of a surrogate pair behind. */
function cutInLine(mrkdwn: string): string {
  return mrkdwn.slice(0, MAX_TEXT - 2).replace(/[\ud800-\udbff]$|&[a-z]{0,3}$/, '');
}
