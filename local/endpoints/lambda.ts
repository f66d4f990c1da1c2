/** Lambda on loopback: Invoke of functions in this process, and what describes them. */
import { randomUUID } from 'node:crypto';
import { json, requireSignature } from './aws-json.ts';
import {
  type Endpoint,
  listen,
  type Protocol,
  type Reply,
  type Request,
  ServiceError,
} from './server.ts';

export type LocalFunction = {
  handler: (event: unknown) => Promise<unknown>;
  /** As GetFunctionConfiguration shows it, beside the name. */
  configuration?: object;
  /** Its resource policy, as a document; none means that there is none. */
  policy?: object;
};

export type LambdaEndpoint = Endpoint & {
  /** By name, without a qualifier. */
  functions: Map<string, LocalFunction>;
};

export async function startLambda(
  functions: Iterable<readonly [string, LocalFunction]> = [],
): Promise<LambdaEndpoint> {
  const known = new Map(functions);
  return { ...(await listen(protocol(known))), functions: known };
}

const OPERATIONS: { readonly [route: string]: string } = {
  'POST invocations': 'Invoke',
  'GET configuration': 'GetFunctionConfiguration',
  'GET policy': 'GetPolicy',
};

/** https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html */
function protocol(functions: Map<string, LocalFunction>): Protocol {
  return {
    operationOf: ({ method, url }) => OPERATIONS[`${method} ${pathOf(url).what}`] ?? 'unknown',
    answer: async (operation, request) => {
      requireSignature(request);
      const { name } = pathOf(request.url);
      const found = functions.get(name);
      if (found === undefined) throw notFound(`Function not found: ${name}`);
      return answer(operation, name, found, request);
    },
    refuse: (error) =>
      json(
        error.status,
        { Type: 'User', Message: error.message },
        { 'x-amzn-errortype': error.code, ...error.headers },
      ),
  };
}

async function answer(operation: string, name: string, found: LocalFunction, request: Request) {
  switch (operation) {
    case 'Invoke':
      return invocation(found, request);
    case 'GetFunctionConfiguration':
      return json(200, { FunctionName: name, State: 'Active', ...found.configuration });
    case 'GetPolicy':
      if (found.policy === undefined) throw notFound('The resource you requested does not exist.');
      return json(200, { Policy: JSON.stringify(found.policy), RevisionId: randomUUID() });
    default:
      throw new ServiceError('UnknownOperationException', `no such operation here`, 404);
  }
}

/** What a handler throws is the payload, marked by a header: the call itself succeeds. */
async function invocation({ handler }: LocalFunction, request: Request): Promise<Reply> {
  if (request.headers['x-amz-invocation-type'] === 'DryRun') return { status: 204 };
  try {
    const event: unknown = JSON.parse(request.body.toString() || 'null');
    return json(200, Object((await handler(event)) ?? null));
  } catch (error) {
    const { name: errorType, message: errorMessage } =
      error instanceof Error ? error : { name: 'Error', message: String(error) };
    return json(
      200,
      { errorType, errorMessage, trace: [] },
      { 'x-amz-function-error': 'Unhandled' },
    );
  }
}

/** `/2015-03-31/functions/NAME[:QUALIFIER]/WHAT`; a name may be an ARN. */
function pathOf(url: URL): { name: string; what: string } {
  const [, , functions, name = '', what = ''] = url.pathname.split('/');
  if (functions !== 'functions') return { name: '', what: '' };
  const [first = '', ...rest] = decodeURIComponent(name).split(':');
  return { name: first === 'arn' ? (rest[5] ?? '') : first, what };
}

function notFound(message: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', message, 404);
}
