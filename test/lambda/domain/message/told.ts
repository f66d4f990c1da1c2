/** A notification as its readers see it, in lines that a person can review. */
import * as z from 'zod';
import type { Notification } from '../../../../lambda/domain/notification.ts';
import { parseTopicRecords } from '../../../../lambda/domain/topic-record.ts';
import { ORIGIN } from './samples.ts';

const slackBlocks = z.array(
  z.object({
    type: z.string(),
    text: z.object({ text: z.string() }).optional(),
    elements: z.array(z.object({ text: z.string() })).optional(),
  }),
);

export function told({ subject, bodies, attributes }: Notification): string {
  const around = { now: new Date(ORIGIN.at), ...ORIGIN };
  const event = { Records: [{ Sns: { Message: bodies.lambda } }] };
  const [slack] = parseTopicRecords(event, around);
  return [
    `subject: ${subject}`,
    `attributes: ${JSON.stringify(attributes)}`,
    part('e-mail', bodies.default),
    part('Slack', [slack?.text ?? '', ...slackLines(slack?.blocks)].join('\n')),
    part('Amazon Q', JSON.stringify(JSON.parse(bodies.https), null, 1)),
  ].join('\n');
}

/** Block by block: what it is, and its text. */
export function slackLines(blocks: unknown): string[] {
  return slackBlocks.parse(blocks).flatMap(({ type, text, elements = [] }) => {
    const texts = [...(text === undefined ? [] : [text.text]), ...elements.map((e) => e.text)];
    return texts.map((line) => `[${type}] ${line.replaceAll('\n', `\n${' '.repeat(10)}`)}`);
  });
}

function part(name: string, body: string): string {
  return `--- ${name}\n${body}`;
}
