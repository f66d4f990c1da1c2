/** SNS: one publish per outcome, with a body for each kind of reader. */
import { type MessageAttributeValue, PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { Notification } from '../domain/notification.ts';

/** Publishes a notification to the topic. @returns SNS's MessageId @throws the SDK's errors */
export async function publish(
  client: SNSClient,
  topicArn: string,
  { subject, bodies, attributes }: Notification,
): Promise<string | undefined> {
  const { MessageId } = await client.send(
    new PublishCommand({
      TopicArn: topicArn,
      Subject: subject,
      MessageStructure: 'json',
      Message: JSON.stringify(bodies),
      MessageAttributes: Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [name, attribute(value)]),
      ),
    }),
  );
  return MessageId;
}

/** https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html: arrays are JSON. */
function attribute(value: string | string[]): MessageAttributeValue {
  return typeof value === 'string'
    ? { DataType: 'String', StringValue: value }
    : { DataType: 'String.Array', StringValue: JSON.stringify(value) };
}
