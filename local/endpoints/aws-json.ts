/** The AWS JSON 1.1 protocol: the operation in `X-Amz-Target`, errors by `__type`. */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Protocol, Reply, Request, ServiceError } from './server.ts';
import { ServiceError as Refusal } from './server.ts';

/** One operation: takes the parsed body, answers with an object. */
export type JsonOperation = (input: unknown) => Promise<object> | object;

/** @param target The part of `X-Amz-Target` before the dot, such as `AmazonSSM`. */
export function awsJson(target: string, operations: Record<string, JsonOperation>): Protocol {
  return {
    operationOf: (request) => {
      const header = String(request.headers['x-amz-target'] ?? '');
      return header.startsWith(`${target}.`) ? header.slice(target.length + 1) : 'unknown';
    },
    answer: async (operation, request) => {
      requireSignature(request);
      const run = operations[operation];
      if (!run) throw new Refusal('UnknownOperationException', `no operation ${operation} here`);
      return json(200, await run(parseJson(request)));
    },
    refuse: jsonError,
  };
}

/** Like any AWS API: a request without a SigV4 signature is turned away. The signature is not verified. */
export function requireSignature(request: Request): void {
  if (request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) return;
  throw new Refusal('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
}

/** Parses an operation's input by its schema. Faults are worded like the services' own. */
export function parseInput<T extends z.ZodType>(schema: T, input: unknown): z.infer<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    (issue) => `at '${issue.path.join('.')}' failed to satisfy constraint: ${issue.message}`,
  );
  throw new Refusal(
    'ValidationException',
    `${faults.length} validation error${faults.length > 1 ? 's' : ''} detected: Value ${faults.join('; ')}`,
  );
}

export function json(status: number, body: object, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amzn-requestid': randomUUID(),
      ...headers,
    },
    body: JSON.stringify(body),
  };
}

export function jsonError(error: ServiceError): Reply {
  return json(
    error.status,
    { __type: error.code, message: error.message },
    { 'x-amzn-errortype': error.code, ...error.headers },
  );
}

const anyJson = z.string().transform((text, context) => {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    context.addIssue('not JSON');
    return z.NEVER;
  }
});

function parseJson(request: Request): unknown {
  const parsed = anyJson.safeParse(request.body.toString() || '{}');
  if (parsed.success) return parsed.data;
  throw new Refusal('SerializationException', 'the body is not JSON');
}
