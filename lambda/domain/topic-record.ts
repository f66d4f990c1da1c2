/** What the topic carries to Slack: an outcome, an alarm of podthaw's own, or plain text. */
import * as z from 'zod';
import { alarmSchema, healthMessage } from './message/health.ts';
import { makeIncident } from './message/incident.ts';
import { escapeMrkdwn, header, section } from './message/mrkdwn.ts';
import { originSchema, type Surroundings } from './message/origin.ts';
import { printable } from './message/printable.ts';
import { outcomeSchema } from './outcome.ts';
import { type SlackMessage, slackMessage } from './slack-message.ts';

const recordSchema = z.object({ Subject: z.string().nullish(), Message: z.string() });

const eventSchema = z.object({ Records: z.array(z.object({ Sns: recordSchema })) });

/** As notification.ts publishes it to functions. */
const toldOutcomeSchema = outcomeSchema.extend({
  origin: originSchema.optional().catch(undefined),
});

type Around = Omit<Surroundings, 'topicArn'>;

/** Reads SNS's event into Slack messages, one a record. @throws z.ZodError where it is no SNS event */
export function parseTopicRecords(event: unknown, around: Around): SlackMessage[] {
  return eventSchema.parse(event).Records.map(({ Sns }) => messageOf(Sns, around));
}

function messageOf({ Subject, Message }: z.infer<typeof recordSchema>, around: Around) {
  const json = tryJson(Message);
  const told = toldOutcomeSchema.safeParse(json);
  if (told.success) return slackMessage(makeIncident(told.data, told.data.origin));
  const alarm = alarmSchema.safeParse(json);
  if (alarm.success) return healthMessage(alarm.data, around);
  return plainMessage(Subject ?? 'a message', Message);
}

/** Whatever else was published to the topic: shown as it is, and marked as not podthaw's own. */
function plainMessage(subject: string, body: string): SlackMessage {
  const title = `On podthaw's topic: ${printable(subject, 100)}`;
  const lines = body.split('\n').map((line) => escapeMrkdwn(printable(line, 500)));
  return { text: escapeMrkdwn(title), blocks: [header(title), section(lines.join('\n') || '…')] };
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
