/** SNS on loopback: Publish, checked like the service, and delivery to Lambda subscribers. */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { awsQuery, type Dialect, element } from './aws-query.ts';
import { type Endpoint, listen, ServiceError } from './server.ts';

export type MessageAttribute = { Type: string; Value: string };

/** One accepted Publish. */
export type Publication = {
  messageId: string;
  topicArn: string;
  subject: string | undefined;
  /** As published: with `MessageStructure: json` the whole JSON text. */
  message: string;
  /** The body for each protocol; without a structure, `default` alone. */
  bodies: Record<string, string>;
  attributes: Record<string, MessageAttribute>;
  publishedAt: Date;
};

/** A subscribed function, as SNS would invoke it. What it throws is recorded in `failures`. */
export type LambdaSubscriber = (event: object) => Promise<unknown>;

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

const invalid = (what: string) =>
  new ServiceError('InvalidParameter', `Invalid parameter: ${what}`);

function publicationOf(form: URLSearchParams, topics: Set<string>): Publication {
  const topicArn = form.get('TopicArn') ?? '';
  if (!/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(\.fifo)?$/.test(topicArn)) {
    throw invalid(`TopicArn Reason: An ARN must have at least 6 elements, not ${topicArn.length}`);
  }
  if (!topics.has(topicArn)) throw new ServiceError('NotFound', 'Topic does not exist', 404);
  const message = form.get('Message') ?? '';
  if (message === '') throw invalid('Empty message');
  const attributes = attributesOf(form);
  if (Buffer.byteLength(message) + sizeOf(attributes) > 262_144) throw invalid('Message too long');
  return {
    messageId: randomUUID(),
    topicArn,
    subject: subjectOf(form.get('Subject')),
    message,
    bodies: bodiesOf(message, form.get('MessageStructure')),
    attributes,
    publishedAt: new Date(),
  };
}

/** API reference, Publish: ASCII, at most 100, no line breaks or control characters, no blank first. */
function subjectOf(subject: string | null): string | undefined {
  if (subject === null) return undefined;
  if (/^[!-~][ -~]{0,99}$/.test(subject)) return subject;
  throw invalid('Subject');
}

const bodiesSchema = z.record(z.string(), z.string());

function bodiesOf(message: string, structure: string | null): Record<string, string> {
  if (structure === null) return { default: message };
  if (structure !== 'json') throw invalid('MessageStructure');
  const bodies = bodiesSchema.safeParse(parsed(message));
  if (!bodies.success) {
    throw invalid('Message Structure - JSON message body failed to parse');
  }
  if (bodies.data.default === undefined) {
    throw invalid('Message Structure - No default entry in JSON message body');
  }
  return bodies.data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function attributesOf(form: URLSearchParams): Record<string, MessageAttribute> {
  const attributes: Record<string, MessageAttribute> = {};
  for (let index = 1; ; index += 1) {
    const prefix = `MessageAttributes.entry.${index}`;
    const name = form.get(`${prefix}.Name`);
    if (name === null) return attributes;
    const value =
      form.get(`${prefix}.Value.StringValue`) ?? form.get(`${prefix}.Value.BinaryValue`);
    if (!value) {
      throw new ServiceError(
        'ParameterValueInvalid',
        `The message attribute '${name}' must contain non-empty message attribute value.`,
      );
    }
    attributes[name] = { Type: form.get(`${prefix}.Value.DataType`) ?? 'String', Value: value };
  }
}

/** Names, types and values of attributes count towards the 256 KB. */
function sizeOf(attributes: Record<string, MessageAttribute>): number {
  return Object.entries(attributes)
    .flatMap(([name, { Type, Value }]) => [name, Type, Value])
    .reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

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
