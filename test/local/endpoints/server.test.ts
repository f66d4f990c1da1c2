import { afterEach, expect, test } from 'vitest';
import { cutOff, delayed, stalling, throttled } from '../../../local/endpoints/faults.ts';
import { type Endpoint, listen } from '../../../local/endpoints/server.ts';

let endpoint: Endpoint | undefined;
afterEach(() => endpoint?.close());

async function echo() {
  endpoint = await listen({
    operationOf: ({ url }) => url.pathname.slice(1),
    answer: (_, { body }) => ({ status: 200, body }),
    refuse: ({ status, code }) => ({ status, body: code }),
  });
  return endpoint;
}

test('it listens on loopback alone, and counts calls by operation', async () => {
  const { url, calls } = await echo();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const answer = await fetch(`${url}/say`, { method: 'POST', body: 'hello' });
  expect(await answer.text()).toBe('hello');
  expect(calls).toEqual(new Map([['say', 1]]));
  // Another address of this machine: only a server on all interfaces would answer there.
  await expect(fetch(`${url.replace('127.0.0.1', '127.0.0.2')}/say`)).rejects.toThrow();
});

test('after close nobody answers, also not on a connection that was open', async () => {
  const { url, close } = await echo();
  await fetch(`${url}/say`);
  await close();
  await expect(fetch(`${url}/say`)).rejects.toThrow('fetch failed');
  await expect(close()).resolves.toBeUndefined();
});

test('a queue of faults comes first, then the rule, then the usual answer', async () => {
  const { url, faults } = await echo();
  faults.next('say', throttled('queued'));
  faults.when('say', (nth) => (nth === 2 ? throttled('ruled') : undefined));
  const heard: string[] = [];
  for (let call = 0; call < 4; call += 1) {
    heard.push(await (await fetch(`${url}/say`, { method: 'POST', body: 'usual' })).text());
  }
  expect(heard).toEqual(['queued', 'usual', 'ruled', 'usual']);
});

test('a fault of one operation leaves the others alone; * means any', async () => {
  const { url, faults } = await echo();
  faults.next('say', throttled());
  expect((await fetch(`${url}/ask`)).status).toBe(200);
  faults.next('*', throttled());
  expect((await fetch(`${url}/ask`)).status).toBe(400);
  expect((await fetch(`${url}/say`)).status).toBe(400);
  expect((await fetch(`${url}/say`)).status).toBe(200);
});

test('a delayed answer is the usual one, later', async () => {
  const { url, faults } = await echo();
  faults.next('say', delayed(120));
  const before = performance.now();
  expect((await fetch(`${url}/say`)).status).toBe(200);
  expect(performance.now() - before).toBeGreaterThan(110);
});

test('a body that is too large ends the connection', async () => {
  const { url } = await echo();
  const body = Buffer.alloc(9 * 1024 * 1024);
  await expect(fetch(`${url}/say`, { method: 'POST', body })).rejects.toThrow('fetch failed');
});

test('half an answer: then the end, or nothing more', async () => {
  const { url, faults } = await echo();
  faults.next('say', cutOff, stalling);
  const ask = () =>
    fetch(`${url}/say`, { method: 'POST', body: 'usual', signal: AbortSignal.timeout(2_000) });
  const cut = await ask();
  expect(cut.headers.get('content-length')).toBe('5');
  await expect(cut.text()).rejects.toThrow('terminated');
  const stalled = await ask();
  const reader = stalled.body?.getReader();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('us');
  await expect(reader?.read()).rejects.toThrow('timeout');
});
