/** What SNS accepts as a message, and what it refuses. */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { ServiceError } from './server.ts';

type MessageAttribute = { Type: string; Value: string };

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

const invalid = (what: string) =>
  new ServiceError('InvalidParameter', `Invalid parameter: ${what}`);

/** @throws ServiceError, and then nothing is published */
export function publicationOf(form: URLSearchParams, topics: Set<string>): Publication {
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
