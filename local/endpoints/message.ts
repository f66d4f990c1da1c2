/** HTTP messages, read and sent whole, or broken off on purpose. */
import type http from 'node:http';
import type { Reply, Request } from './server.ts';

/** More than any caller of ours sends; a body beyond it ends the connection. */
const BODY_LIMIT = 8 * 1024 * 1024;

export async function read(message: http.IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new Error(`a body of more than ${BODY_LIMIT} bytes`);
    chunks.push(chunk);
  }
  return {
    method: message.method ?? 'GET',
    url: new URL(message.url ?? '/', 'http://127.0.0.1'),
    headers: message.headers,
    body: Buffer.concat(chunks),
  };
}

export function send(response: http.ServerResponse, reply: Reply): void {
  response.end(writeHead(response, reply));
}

/** The head promises the whole; half of it comes, and then the end or nothing more. */
export function sendHalf(response: http.ServerResponse, reply: Reply, end: 'close' | 'hang'): void {
  const body = writeHead(response, reply);
  response.write(body.subarray(0, body.length / 2), () => {
    if (end === 'close') response.destroy();
  });
}

/** @returns the body that it announces */
function writeHead(response: http.ServerResponse, reply: Reply): Buffer {
  const body = Buffer.from(reply.body ?? '');
  response.writeHead(reply.status, { 'content-length': body.length, ...reply.headers });
  return body;
}
