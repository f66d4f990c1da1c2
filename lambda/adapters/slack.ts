/** Slack's incoming webhook. */
import { Agent, interceptors, request } from 'undici';
import type { SlackMessage } from '../domain/slack-message.ts';

/** Slack did not take the message. The message never holds the webhook's URL, which is a secret. */
export class SlackError extends Error {
  override name = 'SlackError';
}

// About one message a second per webhook; 429 carries Retry-After, which the interceptor heeds.
const dispatcher = new Agent({ connect: { timeout: 5_000 } }).compose(
  interceptors.retry({
    methods: ['POST'],
    maxRetries: 4,
    minTimeout: 500,
    maxTimeout: 15_000,
    throwOnError: false,
  }),
);

/**
 * Posts one message; 429, 5xx and lost connections are tried again.
 *
 * @throws SlackError, so that the invocation fails and lands in the dead-letter queue
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 */
export async function post(webhook: URL, message: SlackMessage): Promise<void> {
  const { status, text } = await send(webhook, message);
  if (status !== 200) throw new SlackError(`Slack answered ${status}: ${text.slice(0, 200)}`);
}

async function send(
  webhook: URL,
  message: SlackMessage,
): Promise<{ status: number; text: string }> {
  try {
    const { statusCode, body } = await request(webhook, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(message),
      headersTimeout: 10_000,
      bodyTimeout: 10_000,
    });
    return { status: statusCode, text: await body.text() };
  } catch (error) {
    throw new SlackError('Slack could not be reached', { cause: error });
  }
}
