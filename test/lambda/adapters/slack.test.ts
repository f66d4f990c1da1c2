/** Whatever Slack answers, in any order: one message in the end, or an error for the dead-letter queue. */
import http from 'node:http';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { post, SlackError } from '../../../lambda/adapters/slack.ts';
import {
  closing,
  delayed,
  type Fault,
  failing,
  garbage,
  hanging,
} from '../../../local/endpoints/faults.ts';
import { bind, closeServer } from '../../../local/endpoints/server.ts';
import { type SlackEndpoint, startSlack } from '../../../local/endpoints/slack.ts';

const MESSAGE = { text: 'shop/cart-0 is gone', blocks: [] };
const QUICK = { attempts: 5, attemptMs: 150, pauseMs: 1, totalMs: 5_000 };

let slack: SlackEndpoint;
beforeEach(async () => {
  slack = await startSlack();
});
afterEach(() => slack.close());

const send = (limits = QUICK) => post(new URL(slack.webhookUrl), MESSAGE, limits);
const attempts = () => slack.calls.get('webhook') ?? 0;
const limited = (after?: string) =>
  failing('rate_limited', 429, '', after === undefined ? {} : { 'retry-after': after });

const redirect: Fault = {
  kind: 'reply',
  reply: { status: 302, headers: { location: '/services/elsewhere' }, body: '' },
};

describe('tried again until Slack has it, once:', () => {
  test.each<[string, Fault]>([
    ['429 without Retry-After', limited()],
    ['429 with a Retry-After of 0', limited('0')],
    ['429 with a Retry-After that is no number', limited('soon')],
    ['500', failing('server_error', 500)],
    ['503', failing('unavailable', 503)],
    ['a connection that is closed', closing],
    ['no answer', hanging],
  ])('%s', async (_, fault) => {
    slack.faults.next('webhook', fault, fault);
    await send();
    expect([attempts(), slack.messages]).toEqual([3, [MESSAGE]]);
  });
});

describe('not tried again:', () => {
  test.each<[string, Fault, RegExp]>([
    ['a webhook that is gone', failing('no_service', 404), /Slack answered 404: no_service/],
    ['blocks that Slack refuses', failing('invalid_blocks', 400), /400: invalid_blocks/],
    ['a 200 that is not Slack’s', garbage, /Slack answered 200: <html>/],
    ['a redirect', redirect, /Slack answered 302/],
  ])('%s', async (_, fault, words) => {
    slack.faults.next('webhook', fault);
    await expect(send()).rejects.toThrow(words);
    expect([attempts(), slack.messages]).toEqual([1, []]);
  });
});

test('gives up after five attempts', async () => {
  slack.faults.when('webhook', () => failing('server_error', 500));
  await expect(send()).rejects.toThrow('Slack answered 500: server_error');
  expect(attempts()).toBe(5);
});

test('waits as long as Retry-After says', async () => {
  slack.faults.next('webhook', limited('1'));
  const started = performance.now();
  await send();
  expect(performance.now() - started).toBeGreaterThanOrEqual(990);
  expect(slack.messages).toHaveLength(1);
});

test('a Retry-After beyond the function’s time is not waited for, nor cut short', async () => {
  slack.faults.next('webhook', limited('3600'));
  await expect(send()).rejects.toThrow('Slack answered 429');
  expect(attempts()).toBe(1);
});

test('a second copy only where a time-out left it open', async () => {
  slack.faults.next('webhook', delayed(250));
  await send();
  await expect.poll(() => slack.messages.length).toBe(2);
});

test('a 200 whose body breaks off is not sent again', async () => {
  let asked = 0;
  const server = http.createServer((_, response) => {
    asked += 1;
    response.writeHead(200, { 'content-length': 2 });
    response.write('o', () => response.destroy());
  });
  const url = new URL(await bind(server, 'http'));
  try {
    await expect(post(url, MESSAGE, QUICK)).rejects.toThrow(SlackError);
    expect(asked).toBe(1);
  } finally {
    await closeServer(server);
  }
});

test('nobody listening', async () => {
  const url = new URL(slack.webhookUrl);
  await slack.close();
  await expect(post(url, MESSAGE, QUICK)).rejects.toThrow('Slack could not be reached');
});

test('faults in any order: one message, or an error that keeps the webhook to itself', async () => {
  const faults: Fault[] = [limited(), failing('x', 500), hanging, closing, garbage];
  const orders = fc.array(fc.constantFrom(...faults), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(orders, async (order) => {
      slack.faults.clear();
      slack.messages.length = 0;
      slack.faults.next('webhook', ...order);
      const error = await send({ ...QUICK, attemptMs: 60 }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      const refused = order.slice(0, 5).includes(garbage) || order.length >= 5;
      expect([error instanceof SlackError, slack.messages.length]).toEqual(
        refused ? [true, 0] : [false, 1],
      );
      expect(String(error)).not.toContain('/services/');
    }),
    { numRuns: 40 },
  );
});
