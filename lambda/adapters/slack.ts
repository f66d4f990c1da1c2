/** Slack's incoming webhook: a message arrives once, or the caller hears that it may not have. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SlackMessage } from '../domain/slack-message.ts';

/** Slack did not take the message. The message never holds the webhook's URL, which is a secret. */
export class SlackError extends Error {
  override name = 'SlackError';
}

export interface SlackLimits {
  attempts: number;
  /** One attempt, from connecting to the end of the answer. */
  attemptMs: number;
  /** The first pause; each further one doubles it. Slack's Retry-After goes before it. */
  pauseMs: number;
  /** All attempts and pauses. Must end before the function's time-out, 2 minutes. */
  totalMs: number;
}

const LIMITS: SlackLimits = { attempts: 5, attemptMs: 10_000, pauseMs: 500, totalMs: 100_000 };

/** An attempt's end: taken, refused for good, or to be tried again, perhaps not before a time. */
type Attempt =
  | { kind: 'taken' }
  | { kind: 'refused'; error: SlackError }
  | { kind: 'again'; error: SlackError; afterMs?: number | undefined };

/**
 * Posts one message. Tried again: 429 (when its Retry-After says), 5xx, no answer, a lost connection.
 * After the last two Slack may have the message already: that is the only way to a second copy. So
 * undici's retry interceptor won't do: it also sends a POST again whose 200 broke off in the body.
 * Node's own fetch, not the package: that would be most of the function's bundle.
 *
 * @throws SlackError, so that the invocation fails and lands in the dead-letter queue
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 */
export async function post(
  webhook: URL,
  message: SlackMessage,
  limits: SlackLimits = LIMITS,
): Promise<void> {
  const end = Date.now() + limits.totalMs;
  for (let nth = 1; ; nth += 1) {
    const result = await attempt(webhook, message, limits);
    if (result.kind === 'taken') return;
    if (result.kind === 'refused' || nth >= limits.attempts) throw result.error;
    const pauseMs = result.afterMs ?? limits.pauseMs * 2 ** (nth - 1);
    if (Date.now() + pauseMs + limits.attemptMs > end) throw result.error;
    await sleep(pauseMs);
  }
}

async function attempt(
  webhook: URL,
  message: SlackMessage,
  { attemptMs }: SlackLimits,
): Promise<Attempt> {
  try {
    const signal = AbortSignal.timeout(attemptMs);
    const response = await fetch(webhook, {
      signal,
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(message),
      // A redirect would take the message to wherever it says.
      redirect: 'manual',
    });
    // From here Slack has decided: a broken body changes nothing about that.
    const text = await response.text().catch(() => '');
    return judge(response.status, text.trim(), response.headers.get('retry-after'));
  } catch (cause) {
    return { kind: 'again', error: new SlackError('Slack could not be reached', { cause }) };
  }
}

function judge(status: number, text: string, retryAfter: string | null): Attempt {
  if (status === 200 && text === 'ok') return { kind: 'taken' };
  const error = new SlackError(`Slack answered ${status}: ${text.slice(0, 200)}`);
  if (status !== 429 && status < 500) return { kind: 'refused', error };
  return { kind: 'again', error, afterMs: afterMs(retryAfter) };
}

/** Slack gives whole seconds. */
function afterMs(retryAfter: string | null): number | undefined {
  return retryAfter !== null && /^\d{1,6}$/.test(retryAfter)
    ? Number(retryAfter) * 1_000
    : undefined;
}
