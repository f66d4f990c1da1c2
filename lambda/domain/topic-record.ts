/** What the topic carries to Slack: an outcome, an alarm of podthaw's own, or plain text. */
import * as z from 'zod';
import { outcomeSchema } from './outcome.ts';
import { plainSlackMessage, type SlackMessage, slackMessage } from './slack-message.ts';

const eventSchema = z.object({
  Records: z.array(
    z.object({ Sns: z.object({ Subject: z.string().nullish(), Message: z.string() }) }),
  ),
});

const alarmSchema = z.object({
  AlarmName: z.string(),
  NewStateValue: z.string(),
  NewStateReason: z.string().default(''),
  AlarmDescription: z.string().nullish(),
});

/** Reads SNS's event into Slack messages, one a record. @throws z.ZodError where it is no SNS event */
export function parseTopicRecords(event: unknown): SlackMessage[] {
  return eventSchema.parse(event).Records.map(({ Sns }) => messageOf(Sns));
}

function messageOf({ Subject, Message }: { Subject?: string | null | undefined; Message: string }) {
  const json = tryJson(Message);
  const outcome = outcomeSchema.safeParse(json);
  if (outcome.success) return slackMessage(outcome.data);
  const alarm = alarmSchema.safeParse(json);
  if (alarm.success) {
    const { AlarmName, NewStateValue, NewStateReason, AlarmDescription } = alarm.data;
    return plainSlackMessage(
      `alarm ${AlarmName} is ${NewStateValue}`,
      [AlarmDescription, NewStateReason].filter(Boolean).join('\n'),
    );
  }
  return plainSlackMessage(Subject ?? 'a message', Message);
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
