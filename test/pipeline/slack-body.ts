/** What the webhook got, for reading. */
import * as z from 'zod';
import type { SlackMessage } from '../../lambda/domain/slack-message.ts';

const schema = z.custom<SlackMessage>(
  (body) =>
    z.looseObject({ text: z.string(), blocks: z.array(z.unknown()) }).safeParse(body).success,
);

/** @throws z.ZodError where it is no message */
export function slackBody(body: unknown): SlackMessage {
  return schema.parse(body);
}
