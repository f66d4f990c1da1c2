/** The incident for Amazon Q Developer in chat applications, which drops what does not fit its schema. */
import type { Entry } from './entry.ts';
import type { Incident } from './incident.ts';
import { code, escapeMrkdwn, mrkdwnLink } from './mrkdwn.ts';
import { clip } from './printable.ts';

/** @see https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html */
export interface CustomNotification {
  version: '1.0';
  source: 'custom';
  id: string;
  content: {
    textType: 'client-markdown';
    title: string;
    description: string;
    nextSteps?: string[];
    keywords: string[];
  };
  metadata: { threadId: string; summary: string };
}

const MAX_TITLE = 250;
const MAX_DESCRIPTION = 8_000;
const MAX_STEPS = 5;

/** @param threadId what belongs together: one thread a cluster and day would mix, so one a run */
export function amazonQ(
  incident: Incident,
  { runId, keywords }: { runId: string; keywords: string[] },
): CustomNotification {
  const title = escaped(`${incident.icon} ${incident.headline}`, MAX_TITLE);
  const steps = stepsOf(incident);
  return {
    version: '1.0',
    source: 'custom',
    id: clip(runId, 100),
    content: {
      textType: 'client-markdown',
      title,
      description: describe(incident),
      ...(steps.length === 0 ? {} : { nextSteps: steps }),
      keywords: keywords.map((keyword) => escaped(keyword, 120)),
    },
    metadata: { threadId: clip(runId, 100), summary: title },
  };
}

function stepsOf({ entries }: Incident): string[] {
  const steps = new Set(entries.map(({ step }) => step).filter((s) => !s.startsWith('Nothing')));
  return [...steps].slice(0, MAX_STEPS).map((step) => escaped(step, 500));
}

/** Whole lines up to the limit: a link is never cut in two. */
function describe(incident: Incident): string {
  const lines = [
    escapeMrkdwn(incident.place),
    ...(incident.problem === undefined ? [] : [escaped(incident.problem, 1_500)]),
    ...incident.entries.flatMap(entryLines),
    ...(incident.more === undefined ? [] : [escapeMrkdwn(incident.more)]),
    escapeMrkdwn(incident.run),
    ...incident.links.map(mrkdwnLink),
  ];
  let text = '';
  for (const line of lines) {
    if (text.length + line.length + 1 <= MAX_DESCRIPTION) text += `${line}\n`;
  }
  return text.trimEnd();
}

function entryLines(entry: Entry): string[] {
  const proof = entry.proof
    .map(({ claim, proven }) => `${proven ? '☑' : '☐'} ${claim}`)
    .join('   ');
  return [
    `${entry.icon} *${escaped(entry.title, 317)}* ${escapeMrkdwn(entry.verdict)}`,
    ...entry.freezer.map(code),
    ...(proof === '' ? [] : [escapeMrkdwn(proof)]),
    ...entry.facts.map(([label, text]) => `*${label}*  ${escapeMrkdwn(text)}`),
    ...entry.links.map(mrkdwnLink),
  ];
}

/** Escaped, and within the limit with its escapes. */
function escaped(text: string, most: number): string {
  for (let room = most; room > 0; room -= Math.ceil(room / 4)) {
    const safe = escapeMrkdwn(clip(text, room));
    if (safe.length <= most) return safe;
  }
  return '…';
}
