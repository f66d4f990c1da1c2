/** What every loopback endpoint shares: listening on 127.0.0.1, reading bodies, counting calls. */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, Faults } from './faults.ts';
import { read, send, sendHalf } from './message.ts';

/** A request, read whole. */
export type Request = {
  method: string;
  url: URL;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
};

/** A reply, sent whole. */
export type Reply = {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
};

/** How one protocol names its calls, answers them, and words its errors. */
export type Protocol = {
  /** The operation that a request asks for, as the API's reference spells it. */
  operationOf: (request: Request) => string;
  answer: (operation: string, request: Request) => Promise<Reply> | Reply;
  refuse: (error: ServiceError) => Reply;
};

/** What tests see of any endpoint. */
export type Endpoint = {
  /** `http(s)://127.0.0.1:PORT`, without a slash at the end. */
  url: string;
  /** Requests so far, by operation, the refused and the faulty ones included. */
  calls: Map<string, number>;
  faults: Faults;
  close: () => Promise<void>;
};

export type Tls = { key: string; cert: string };

/** An error that the service itself would answer with; anything else is a 500. */
export class ServiceError extends Error {
  override name = 'ServiceError';
  readonly code: string;
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(code: string, message: string, status = 400, headers: Record<string, string> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.headers = headers;
  }
}

/** Serves `protocol` on a free port of 127.0.0.1, never on another interface. */
export async function listen(protocol: Protocol, tls?: Tls): Promise<Endpoint> {
  const calls = new Map<string, number>();
  const faults = new Faults();
  const serve = (message: http.IncomingMessage, response: http.ServerResponse) => {
    handle(protocol, calls, faults, message, response).catch((cause) => {
      // The caller went away, or the body broke off: there is nobody left to answer.
      response.destroy(cause instanceof Error ? cause : undefined);
    });
  };
  const server = tls ? https.createServer(tls, serve) : http.createServer(serve);
  const url = await bind(server, tls ? 'https' : 'http');
  return { url, calls, faults, close: () => closeServer(server) };
}

/** Binds a server to a free loopback port and returns its URL. */
export async function bind(server: http.Server, scheme: 'http' | 'https'): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port was bound');
  return `${scheme}://127.0.0.1:${address.port}`;
}

/** Stops listening and drops what is still connected. Closing twice is fine. */
export async function closeServer(server: http.Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

async function handle(
  protocol: Protocol,
  calls: Map<string, number>,
  faults: Faults,
  message: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const request = await read(message);
  const operation = protocol.operationOf(request);
  calls.set(operation, (calls.get(operation) ?? 0) + 1);
  const fault = faults.take(operation);
  if (fault?.kind === 'half') {
    return sendHalf(response, await answer(protocol, operation, request), fault.end);
  }
  const reply = fault && (await replyTo(fault, protocol));
  if (reply === 'hang') return;
  if (reply === 'close') response.destroy();
  else send(response, reply ?? (await answer(protocol, operation, request)));
}

/** A fault's reply; nothing where the fault was only a delay. */
async function replyTo(
  fault: Exclude<Fault, { kind: 'half' }>,
  protocol: Protocol,
): Promise<Reply | 'hang' | 'close' | undefined> {
  switch (fault.kind) {
    case 'error':
      return protocol.refuse(
        new ServiceError(fault.code, fault.message, fault.status, fault.headers),
      );
    case 'reply':
      return fault.reply;
    case 'delay':
      await sleep(fault.ms);
      return undefined;
    case 'hang':
    case 'close':
      return fault.kind;
    default:
      return fault satisfies never;
  }
}

async function answer(protocol: Protocol, operation: string, request: Request): Promise<Reply> {
  try {
    return await protocol.answer(operation, request);
  } catch (cause) {
    if (cause instanceof ServiceError) return protocol.refuse(cause);
    return protocol.refuse(new ServiceError('InternalServerError', String(cause), 500));
  }
}
