/** SNS on loopback: Publish, checked like the service, and delivery to Lambda subscribers. */
import { randomUUID } from 'node:crypto';
import { awsQuery, type Dialect, element } from './aws-query.ts';
import { type Endpoint, listen } from './server.ts';
import { type Publication, publicationOf } from './sns-publication.ts';

/** A subscribed function, as SNS would invoke it. What it throws is recorded in `failures`. */
type LambdaSubscriber = (event: object) => Promise<unknown>;

export type SnsEndpoint = Endpoint & {
  topics: Set<string>;
  publications: Publication[];
  failures: { messageId: string; cause: unknown }[];
  subscribe: (topicArn: string, subscriber: LambdaSubscriber) => void;
  /** Resolves when every delivery so far has ended: real SNS does not let the publisher wait. */
  settled: () => Promise<void>;
};

export async function startSns(
  topicArns: Iterable<string>,
  { onPublish }: { onPublish?: (publication: Publication) => void } = {},
): Promise<SnsEndpoint> {
  const topics = new Set(topicArns);
  const publications: Publication[] = [];
  const failures: SnsEndpoint['failures'] = [];
  const subscribers: { topicArn: string; subscriber: LambdaSubscriber }[] = [];
  const deliveries = new Set<Promise<void>>();

  const deliver = async (subscriber: LambdaSubscriber, publication: Publication) => {
    try {
      await subscriber(lambdaEvent(publication));
    } catch (cause) {
      failures.push({ messageId: publication.messageId, cause });
    }
  };
  const accept = (form: URLSearchParams): string => {
    const publication = publicationOf(form, topics);
    publications.push(publication);
    onPublish?.(publication);
    for (const { topicArn, subscriber } of subscribers) {
      if (topicArn !== publication.topicArn) continue;
      const delivery = deliver(subscriber, publication);
      deliveries.add(delivery);
      delivery.finally(() => deliveries.delete(delivery));
    }
    return element('MessageId', publication.messageId);
  };

  const endpoint = await listen(awsQuery(dialect, { Publish: accept }));
  const subscribe: SnsEndpoint['subscribe'] = (topicArn, subscriber) =>
    void subscribers.push({ topicArn, subscriber });
  const settled = async () => {
    while (deliveries.size > 0) await Promise.all(deliveries);
  };
  return { ...endpoint, topics, publications, failures, subscribe, settled };
}

const dialect: Dialect = {
  result: (operation, requestId, inner) =>
    `<${operation}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><${operation}Result>${inner}</${operation}Result><ResponseMetadata>${element('RequestId', requestId)}</ResponseMetadata></${operation}Response>`,
  error: (error, requestId) =>
    `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>${element('Code', error.code)}${element('Message', error.message)}</Error>${element('RequestId', requestId)}</ErrorResponse>`,
};

/** Lambda developer guide, "Process Amazon SNS notifications with Lambda". */
function lambdaEvent(publication: Publication): object {
  return {
    Records: [
      {
        EventSource: 'aws:sns',
        EventVersion: '1.0',
        EventSubscriptionArn: `${publication.topicArn}:${randomUUID()}`,
        Sns: {
          Type: 'Notification',
          MessageId: publication.messageId,
          TopicArn: publication.topicArn,
          Subject: publication.subject ?? null,
          Message: publication.bodies.lambda ?? publication.bodies.default,
          Timestamp: publication.publishedAt.toISOString(),
          SignatureVersion: '1',
          Signature: 'none-on-loopback',
          SigningCertUrl: 'https://sns.eu-central-1.amazonaws.com/none.pem',
          UnsubscribeUrl: 'https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe',
          MessageAttributes: publication.attributes,
        },
      },
    ],
  };
}
