/** The Slack function, from SNS's event to the webhook. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeNotification } from '../../lambda/domain/notification.ts';
import { makeHandler } from '../../lambda/notify-slack.ts';
import { failing } from '../../local/endpoints/faults.ts';
import { type SecretsEndpoint, startSecrets } from '../../local/endpoints/secrets.ts';
import { type SlackEndpoint, startSlack } from '../../local/endpoints/slack.ts';
import { slackSchema } from './domain/message/reader-limits.ts';
import { ORIGIN, sampleOutcome, samplePod } from './domain/message/samples.ts';

const SECRET = 'podthaw/slack';
const QUICK = { attempts: 3, attemptMs: 500, pauseMs: 1, totalMs: 5_000 };
let slack: SlackEndpoint;
let secrets: SecretsEndpoint;

beforeEach(async () => {
  slack = await startSlack();
  secrets = await startSecrets([[SECRET, slack.webhookUrl]]);
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', secrets.url);
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDLOOPBACK');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'a-secret-of-the-tests');
  vi.stubEnv('PODTHAW_SETTINGS', settings(SECRET));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all([slack.close(), secrets.close()]);
});

function settings(slackSecretId?: string): string {
  const topicArn = 'arn:aws:sns:eu-central-1:111122223333:podthaw';
  return JSON.stringify({
    mode: 'thaw',
    clusters: [{ name: 'prod' }],
    resources: { documentName: 'd', topicArn, ...(slackSecretId && { slackSecretId }) },
  });
}

function event(kind: 'deleted' | 'failed' = 'deleted') {
  const { bodies, subject } = makeNotification(sampleOutcome([samplePod(kind, 'paused')]), ORIGIN);
  return { Records: [{ Sns: { Subject: subject, Message: bodies.lambda } }] };
}

test('one message for a notification, with links from where it was published', async () => {
  await makeHandler(QUICK)(event());
  expect(slack.messages).toHaveLength(1);
  expect(slackSchema.parse(slack.messages[0]).text).toContain('shop/cart-0');
  expect(JSON.stringify(slack.messages[0])).toContain('runbook.md#cause-paused|');
});

test('Slack that stays down fails the invocation: the dead-letter queue keeps the event', async () => {
  slack.faults.when('webhook', () => failing('server_error', 500));
  await expect(makeHandler(QUICK)(event())).rejects.toThrow('Slack answered 500');
  expect(slack.messages).toEqual([]);
});

test.each([
  ['a secret that holds no URL', 'not a url'],
  ['an empty secret', ' '],
])('%s fails the invocation without quoting it', async (_, value) => {
  secrets.secrets.set(SECRET, value);
  await expect(makeHandler(QUICK)(event())).rejects.toThrow(`secret ${SECRET} holds no URL`);
});

test('a secret that is gone fails the invocation', async () => {
  secrets.secrets.clear();
  await expect(makeHandler(QUICK)(event())).rejects.toThrow("can't find the specified secret");
});

test('settings without a secret say so', async () => {
  vi.stubEnv('PODTHAW_SETTINGS', settings());
  await expect(makeHandler(QUICK)(event())).rejects.toThrow('names no Slack secret');
});
