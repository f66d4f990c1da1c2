/** The way to a cluster's API: who is trusted, what is tried again, and when it ends. */
import net from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeCertificates } from '../../../local/endpoints/certificates.ts';
import {
  closing,
  cutOff,
  type Fault,
  failing,
  hanging,
  internalError,
  stalling,
} from '../../../local/endpoints/faults.ts';
import { forbidden, tooManyRequests } from '../../../local/endpoints/kubernetes.ts';
import { listen, type Reply, type Request } from '../../../local/endpoints/server.ts';
import { crowd, listed, open, startCluster, stuck } from './cluster.ts';

const seconds = async (work: Promise<unknown>) => {
  const begun = performance.now();
  await work.catch(() => {});
  return (performance.now() - begun) / 1000;
};

/** A cluster of one stuck pod whose first listings meet these faults. */
async function afflicted(...faults: Fault[]) {
  const kubernetes = await startCluster({ pods: [stuck('cart-0')] });
  kubernetes.faults.next('listPods', ...faults);
  const asked = () => kubernetes.calls.get('listPods') ?? 0;
  return { kubernetes, asked };
}

describe('trust', () => {
  test('the cluster’s own CA and no other', async () => {
    const { kubernetes, asked } = await afflicted();
    expect((await open(kubernetes).listTerminating()).pods).toHaveLength(1);

    const { caPem: ca } = await makeCertificates();
    // A second try would come after five seconds at the least.
    const list = open(kubernetes, { ca, limits: { pauseMs: 10_000 } }).listTerminating();
    expect(await seconds(list)).toBeLessThan(5);
    await expect(list).rejects.toMatchObject({
      fault: 'untrusted',
      message: expect.stringMatching(/certificate/),
    });
    // No token for somebody who is not the cluster.
    expect(asked()).toBe(1);
  });

  test('a redirection is not followed: the token is for the cluster alone', async () => {
    const seen: string[] = [];
    const elsewhere = await anyApi((request) => {
      seen.push(request.url.pathname);
      return { status: 200 };
    });
    const location = `${elsewhere.url}/stolen`;
    const { kubernetes } = await afflicted({
      kind: 'reply',
      reply: { status: 307, headers: { location } },
    });
    await expect(open(kubernetes).listTerminating()).rejects.toThrow('HTTP 307');
    expect(seen).toEqual([]);
  });
});

describe('tokens', () => {
  test('one serves for many requests', async () => {
    const kubernetes = await startCluster({ generated: crowd(1_200) });
    const api = open(kubernetes);
    await api.listTerminating();
    expect([kubernetes.calls.get('listPods'), api.tokens()]).toEqual([3, 1]);
  });

  test('a 401 gets a new one, once', async () => {
    const { kubernetes, asked } = await afflicted();
    const api = open(kubernetes, { clusterOf: (nth) => (nth === 1 ? 'staging' : 'prod') });
    expect((await api.listTerminating()).pods).toHaveLength(1);
    expect([asked(), api.tokens()]).toEqual([2, 2]);
  });

  test('a second 401 is a refusal', async () => {
    const { kubernetes, asked } = await afflicted();
    const api = open(kubernetes, { clusterOf: () => 'staging' });
    await expect(api.listTerminating()).rejects.toMatchObject({
      fault: 'unauthorized',
      status: 401,
      message: 'list pods: HTTP 401: Unauthorized',
    });
    expect([asked(), api.tokens()]).toEqual([2, 2]);
  });

  test('many 401s at once get one new token between them', async () => {
    const pods = Array.from({ length: 10 }, (_, nth) => stuck(`cart-${nth}`));
    const kubernetes = await startCluster({ pods });
    const api = open(kubernetes, { clusterOf: (nth) => (nth === 1 ? 'staging' : 'prod') });
    expect((await api.stillTerminating(pods.map(listed))).size).toBe(10);
    expect(api.tokens()).toBe(2);
  });

  test('one that cannot be made is an error of its own, and is made anew the next time', async () => {
    const { kubernetes, asked } = await afflicted();
    const clusterOf = (nth: number) => {
      if (nth === 1) throw new Error('no credentials');
      return 'prod';
    };
    const api = open(kubernetes, { clusterOf });
    await expect(api.listTerminating()).rejects.toThrow(/^no credentials$/);
    expect(asked()).toBe(0);
    expect((await api.listTerminating()).pods).toHaveLength(1);
  });

  test('403 is a refusal at once', async () => {
    const { kubernetes, asked } = await afflicted(forbidden());
    await expect(open(kubernetes).listTerminating()).rejects.toMatchObject({
      fault: 'forbidden',
      status: 403,
      message: expect.stringContaining('cannot list resource "pods"'),
    });
    expect(asked()).toBe(1);
  });
});

describe('tried again:', () => {
  const unpacked = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  test.each<[string, Fault]>([
    ['429', failing('TooManyRequests', 429)],
    ['429 with a Retry-After that says nothing', tooManyRequests(0)],
    ['a Retry-After in the past', retryAfter(503, 'Wed, 21 Oct 2015 07:28:00 GMT')],
    ['a Retry-After that is neither', retryAfter(503, 'soon')],
    ['500', internalError()],
    ['504', internalError(504)],
    ['a connection closed without an answer', closing],
    ['a connection closed midway', cutOff],
    ['silence', hanging],
    ['silence midway', stalling],
    ['broken gzip', { kind: 'reply', reply: { status: 200, headers: unpacked, body: 'no gzip' } }],
  ])('%s', async (_, fault) => {
    const { kubernetes, asked } = await afflicted(fault, fault);
    const { pods } = await open(kubernetes).listTerminating();
    expect(pods.map(({ name }) => name)).toEqual(['cart-0']);
    expect(asked()).toBe(3);
  });

  test('a page that broke off, and nothing of it counts twice', async () => {
    const kubernetes = await startCluster({ generated: crowd(1_200, [1, 600, 1_100]) });
    kubernetes.faults.when('listPods', (nth) => (nth === 2 ? cutOff : undefined));
    const { pods } = await open(kubernetes).listTerminating();
    expect(pods).toHaveLength(3);
    expect(kubernetes.calls.get('listPods')).toBe(4);
  });

  test.each<[string, Fault, object]>([
    ['429', failing('TooManyRequests', 429), { fault: 'unexpected', status: 429 }],
    ['500', internalError(), { fault: 'unexpected', status: 500 }],
    ['a closed connection', closing, { fault: 'unreachable', status: undefined }],
    ['an answer that breaks off', cutOff, { fault: 'unreachable', status: undefined }],
  ])('%s, but five times at the most', async (_, fault, error) => {
    const { kubernetes, asked } = await afflicted();
    kubernetes.faults.when('listPods', () => fault);
    await expect(open(kubernetes).listTerminating()).rejects.toMatchObject(error);
    expect(asked()).toBe(5);
  });
});

describe('Retry-After', () => {
  test.each<[string, () => Fault, least: number]>([
    ['seconds', () => tooManyRequests(1), 0.95],
    // A date has whole seconds: of two, one and a part are left.
    ['a date', () => retryAfter(503, new Date(Date.now() + 2_000).toUTCString()), 0.9],
  ])('%s are waited for', async (_, fault, least) => {
    const { kubernetes, asked } = await afflicted(fault());
    expect(await seconds(open(kubernetes).listTerminating())).toBeGreaterThan(least);
    expect(asked()).toBe(2);
  });

  test.each([
    ['of an hour, in seconds', () => tooManyRequests(3_600)],
    [
      'of an hour, as a date',
      () => retryAfter(503, new Date(Date.now() + 3_600_000).toUTCString()),
    ],
  ])('%s is longer than a request may take: an error at once', async (_, fault) => {
    const { kubernetes, asked } = await afflicted(fault());
    const list = open(kubernetes).listTerminating();
    expect(await seconds(list)).toBeLessThan(5);
    await expect(list).rejects.toThrow(/HTTP (429|503)/);
    expect(asked()).toBe(1);
  });

  test('that goes beyond the run’s end is not waited for', async () => {
    const { kubernetes, asked } = await afflicted(tooManyRequests(8));
    const deadline = new Date(Date.now() + 5_000);
    const list = open(kubernetes, { deadline }).listTerminating();
    expect(await seconds(list)).toBeLessThan(5);
    await expect(list).rejects.toThrow('HTTP 429');
    expect(asked()).toBe(1);
  });
});

describe('time limits', () => {
  test('nobody listens', async () => {
    const { kubernetes } = await afflicted();
    await kubernetes.close();
    await expect(open(kubernetes).listTerminating()).rejects.toMatchObject({
      fault: 'unreachable',
      status: undefined,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('somebody accepts and never speaks TLS', async () => {
    const { url, accepted } = await silentServer();
    const { caPem } = await makeCertificates();
    const limits = { connectMs: 300, tries: 2 };
    await expect(open({ url, caPem }, { limits }).listTerminating()).rejects.toMatchObject({
      fault: 'unreachable',
      message: expect.stringMatching(/Connect Timeout/),
    });
    expect(accepted()).toBe(2);
  });

  test.each<[string, Fault]>([
    ['no answer', hanging],
    ['half an answer', stalling],
  ])('a request ends by itself: %s', async (_, fault) => {
    const { kubernetes, asked } = await afflicted(fault);
    const limits = { silenceMs: 60_000, requestMs: 500 };
    const list = open(kubernetes, { limits }).listTerminating();
    expect(await seconds(list)).toBeLessThan(20);
    await expect(list).rejects.toMatchObject({
      fault: 'unreachable',
      message: 'no answer in time',
    });
    expect(asked()).toBe(1);
  });

  test('a request ends with its run, however long the list is', async () => {
    const { kubernetes } = await afflicted();
    kubernetes.faults.when('listPods', () => hanging);
    const deadline = new Date(Date.now() + 1_000);
    const limits = { silenceMs: 60_000, requestMs: 60_000 };
    const list = open(kubernetes, { deadline, limits }).listTerminating();
    expect(await seconds(list)).toBeLessThan(20);
    await expect(list).rejects.toMatchObject({ fault: 'unreachable' });
  });

  test('closing breaks off what is under way', async () => {
    const { kubernetes, asked } = await afflicted();
    kubernetes.faults.when('listPods', () => hanging);
    const api = open(kubernetes, { limits: { silenceMs: 60_000 } });
    const list = api.listTerminating();
    list.catch(() => {});
    while (asked() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await api.close();
    await expect(list).rejects.toThrow();
    expect(asked()).toBe(1);
  });
});

test('gzip is asked for, and read', async () => {
  const encodings: unknown[] = [];
  const table = { kind: 'Table', metadata: {}, rows: null };
  const api = await anyApi(({ headers }) => {
    encodings.push(headers['accept-encoding']);
    const body = gzipSync(JSON.stringify(table));
    return { status: 200, headers: { 'content-encoding': 'gzip' }, body };
  });
  expect(await open(api).listTerminating()).toMatchObject({ pods: [], nodeCount: 0 });
  expect(encodings).toEqual(['gzip']);
});

function retryAfter(status: number, value: string): Fault {
  return failing('ServiceUnavailable', status, 'not now', { 'retry-after': value });
}

/** A server with a certificate that is trusted and answers of any kind. */
async function anyApi(answer: (request: Request) => Reply) {
  const certificates = await makeCertificates();
  const endpoint = await listen(
    {
      operationOf: () => 'any',
      answer: (_, request) => answer(request),
      refuse: ({ status }) => ({ status }),
    },
    certificates,
  );
  onTestFinished(() => endpoint.close());
  return { ...endpoint, caPem: certificates.caPem };
}

async function silentServer() {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => void sockets.push(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { url: `https://127.0.0.1:${port}`, accepted: () => sockets.length };
}
