/** The query protocols of SNS and EC2: a form in, XML out. */
import { randomUUID } from 'node:crypto';
import { requireSignature } from './aws-json.ts';
import type { Protocol, Reply, ServiceError } from './server.ts';
import { ServiceError as Refusal } from './server.ts';

/** One operation: takes the form, answers with the XML inside the response element. */
export type QueryOperation = (form: URLSearchParams) => Promise<string> | string;

/** How the two dialects wrap results and errors. */
export type Dialect = {
  result: (operation: string, requestId: string, inner: string) => string;
  error: (error: ServiceError, requestId: string) => string;
};

export function awsQuery(dialect: Dialect, operations: Record<string, QueryOperation>): Protocol {
  return {
    operationOf: (request) =>
      new URLSearchParams(request.body.toString()).get('Action') ?? 'unknown',
    answer: async (operation, request) => {
      requireSignature(request);
      const run = operations[operation];
      if (!run) throw new Refusal('InvalidAction', `no action ${operation} here`);
      const inner = await run(new URLSearchParams(request.body.toString()));
      return xml(200, dialect.result(operation, randomUUID(), inner));
    },
    refuse: (error) => xml(error.status, dialect.error(error, randomUUID()), error.headers),
  };
}

/** The values of a list such as `InstanceId.1`, `InstanceId.2`. */
export function listOf(form: URLSearchParams, prefix: string): string[] {
  const values: string[] = [];
  for (let index = 1; ; index += 1) {
    const value = form.get(`${prefix}.${index}`);
    if (value === null) return values;
    values.push(value);
  }
}

/** `<name>text</name>`, escaped. */
export function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function xml(status: number, body: string, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'text/xml;charset=UTF-8', ...headers }, body };
}
