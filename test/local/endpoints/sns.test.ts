import { PublishCommand, type PublishCommandInput, SNSClient } from '@aws-sdk/client-sns';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { throttled } from '../../../local/endpoints/faults.ts';
import { type SnsEndpoint, startSns } from '../../../local/endpoints/sns.ts';
import { clientOptions } from './clients.ts';

const TOPIC = 'arn:aws:sns:eu-central-1:111122223333:podthaw';

let sns: SnsEndpoint;
let client: SNSClient;

beforeEach(async () => {
  sns = await startSns([TOPIC]);
  client = new SNSClient(clientOptions(sns));
});
afterEach(() => sns.close());

const publish = (input: Partial<PublishCommandInput> = {}) =>
  client.send(new PublishCommand({ TopicArn: TOPIC, Message: 'thawed', ...input }));

/** Subscribes a function that keeps what it is invoked with. */
function subscriber() {
  const events: object[] = [];
  sns.subscribe(TOPIC, async (event) => void events.push(event));
  return events;
}

test('a message is recorded as published', async () => {
  const { MessageId } = await publish({
    Subject: 'cart-0 thawed',
    MessageAttributes: { cluster: { DataType: 'String', StringValue: 'prod' } },
  });
  expect(sns.publications).toMatchObject([
    {
      messageId: MessageId,
      topicArn: TOPIC,
      subject: 'cart-0 thawed',
      message: 'thawed',
      bodies: { default: 'thawed' },
      attributes: { cluster: { Type: 'String', Value: 'prod' } },
    },
  ]);
});

describe('a subscribed function', () => {
  test('gets an SNS event', async () => {
    const events = subscriber();
    const { MessageId } = await publish({ Subject: 'cart-0' });
    await sns.settled();
    expect(events).toMatchObject([
      {
        Records: [
          {
            EventSource: 'aws:sns',
            EventVersion: '1.0',
            Sns: { MessageId, TopicArn: TOPIC, Subject: 'cart-0', Message: 'thawed' },
          },
        ],
      },
    ]);
  });

  test.each([
    ['the body for lambda', { default: 'd', lambda: 'l' }, 'l'],
    ['the default where there is none for lambda', { default: 'd', https: 'h' }, 'd'],
  ])('gets %s', async (_, bodies, expected) => {
    const events = subscriber();
    await publish({ Message: JSON.stringify(bodies), MessageStructure: 'json' });
    await sns.settled();
    expect(events).toMatchObject([{ Records: [{ Sns: { Message: expected } }] }]);
  });

  test('does not hear of other topics', async () => {
    const other = `${TOPIC}-other`;
    sns.topics.add(other);
    const events = subscriber();
    await publish({ TopicArn: other });
    await sns.settled();
    expect(events).toEqual([]);
  });

  test('that throws does not disturb the publisher', async () => {
    const cause = new Error('no Slack');
    sns.subscribe(TOPIC, () => Promise.reject(cause));
    const { MessageId } = await publish();
    await sns.settled();
    expect(sns.failures).toEqual([{ messageId: MessageId, cause }]);
  });
});

describe('refused, and not delivered:', () => {
  test.each([
    ['an empty message', { Message: '' }, 'InvalidParameterException'],
    ['256 KB and one byte', { Message: 'x'.repeat(262_145) }, 'InvalidParameterException'],
    ['a subject of 101 characters', { Subject: 'x'.repeat(101) }, 'InvalidParameterException'],
    ['a subject with a line break', { Subject: 'a\nb' }, 'InvalidParameterException'],
    ['a subject beyond ASCII', { Subject: 'aufgetaut – endlich' }, 'InvalidParameterException'],
    ['an empty subject', { Subject: '' }, 'InvalidParameterException'],
    ['no ARN', { TopicArn: 'podthaw' }, 'InvalidParameterException'],
    ['an unknown topic', { TopicArn: `${TOPIC}x` }, 'NotFoundException'],
    ['a structure without JSON', { MessageStructure: 'json' }, 'InvalidParameterException'],
    [
      'a structure without a default',
      { MessageStructure: 'json', Message: '{"lambda":"l"}' },
      'InvalidParameterException',
    ],
    [
      'a body that is no text',
      { MessageStructure: 'json', Message: '{"default":{"a":1}}' },
      'InvalidParameterException',
    ],
  ])('%s', async (_, input, name) => {
    const events = subscriber();
    await expect(publish(input)).rejects.toMatchObject({ name });
    await sns.settled();
    expect([...sns.publications, ...events]).toEqual([]);
  });
});

test('256 KB and a subject of 100 characters are within the limits', async () => {
  await publish({ Message: 'x'.repeat(262_144), Subject: 'x'.repeat(100) });
  expect(sns.publications).toHaveLength(1);
});

test('throttling on purpose', async () => {
  sns.faults.next('Publish', throttled('Throttled'));
  await expect(publish()).rejects.toMatchObject({ name: 'ThrottledException' });
  await expect(publish()).resolves.toHaveProperty('MessageId');
});
