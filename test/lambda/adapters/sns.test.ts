/** One publish, as SNS takes it. */
import { SNSClient } from '@aws-sdk/client-sns';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { publish } from '../../../lambda/adapters/sns.ts';
import { makeNotification } from '../../../lambda/domain/notification.ts';
import { type SnsEndpoint, startSns } from '../../../local/endpoints/sns.ts';
import { clientOptions } from '../../local/endpoints/clients.ts';
import { ORIGIN, sampleOutcome, samplePod } from '../domain/message/samples.ts';

const TOPIC = 'arn:aws:sns:eu-central-1:111122223333:podthaw';
let sns: SnsEndpoint;
let client: SNSClient;

beforeEach(async () => {
  sns = await startSns([TOPIC]);
  client = new SNSClient(clientOptions(sns));
});
afterEach(async () => {
  client.destroy();
  await sns.close();
});

test('a body for each reader, and attributes to filter by', async () => {
  const outcome = sampleOutcome([samplePod('deleted', 'paused'), samplePod('held', undefined, 1)]);
  const messageId = await publish(client, TOPIC, makeNotification(outcome, ORIGIN));
  const [published, ...more] = sns.publications;
  expect(more).toEqual([]);
  expect(published).toMatchObject({
    messageId,
    subject: 'podthaw: 2 pods were stuck: 1 left alone, 1 gone',
    attributes: {
      cluster: { Type: 'String', Value: 'prod' },
      severity: { Type: 'String', Value: 'warning' },
      outcome: { Type: 'String.Array', Value: '["held","deleted"]' },
    },
  });
  expect(Object.keys(published?.bodies ?? {}).toSorted()).toEqual([
    'default',
    'https',
    'lambda',
    'sms',
    'sqs',
  ]);
});

test('the longest notification is within what SNS takes', async () => {
  const reason = '"\\'.repeat(10_000);
  const pods = Array.from({ length: 200 }, (_, n) => ({
    ...samplePod('failed', 'paused', n),
    reason,
  }));
  await publish(client, TOPIC, makeNotification(sampleOutcome(pods), ORIGIN));
  expect(sns.publications).toHaveLength(1);
});

test('what SNS refuses is thrown', async () => {
  const notification = makeNotification(sampleOutcome([]), ORIGIN);
  const other = 'arn:aws:sns:eu-central-1:111122223333:other';
  await expect(publish(client, other, notification)).rejects.toThrow('Topic does not exist');
});
