import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { closing, failing, garbage, hanging } from '../../../local/endpoints/faults.ts';
import { type SlackEndpoint, startSlack } from '../../../local/endpoints/slack.ts';

let slack: SlackEndpoint;

beforeEach(async () => {
  slack = await startSlack();
});
afterEach(() => slack.close());

async function post(body: unknown, url = slack.webhookUrl) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(1_000),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

const section = { type: 'section', text: { type: 'mrkdwn', text: 'hello' } };

test('a message is accepted and kept', async () => {
  const message = { text: 'thawed', blocks: [section, { type: 'divider' }] };
  expect(await post(message)).toMatchObject({ status: 200, text: 'ok' });
  expect(slack.messages).toEqual([message]);
});

describe('refused, and not kept:', () => {
  test.each([
    ['no JSON', '{', 400, 'invalid_payload'],
    ['JSON that is no object', [], 400, 'invalid_payload'],
    ['neither text nor blocks', {}, 400, 'no_text'],
    ['an empty text', { text: '' }, 400, 'no_text'],
    ['51 blocks', { blocks: Array(51).fill(section) }, 400, 'invalid_blocks'],
    ['a block of no known type', { blocks: [{ type: 'banner' }] }, 400, 'invalid_blocks'],
    ['a section without text', { blocks: [{ type: 'section' }] }, 400, 'invalid_blocks'],
    [
      'a section of 3,001 characters',
      { blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(3_001) } }] },
      400,
      'invalid_blocks',
    ],
    [
      'a header in mrkdwn',
      { blocks: [{ type: 'header', text: { type: 'mrkdwn', text: 'x' } }] },
      400,
      'invalid_blocks',
    ],
    [
      'eleven fields',
      { blocks: [{ type: 'section', fields: Array(11).fill(section.text) }] },
      400,
      'invalid_blocks',
    ],
  ])('%s', async (_, body, status, text) => {
    expect(await post(body)).toMatchObject({ status, text });
    expect(slack.messages).toEqual([]);
  });

  test('a wrong path, a wrong token', async () => {
    const other = `${slack.url}/services/T1/B1/x`;
    expect(await post({ text: 'hi' }, other)).toMatchObject({ status: 404, text: 'no_service' });
    const guessed = `${slack.webhookUrl.slice(0, -1)}_`;
    expect(await post({ text: 'hi' }, guessed)).toMatchObject({
      status: 403,
      text: 'invalid_token',
    });
    expect(slack.messages).toEqual([]);
  });
});

test('50 blocks, a header of 150 and a section of 3,000 characters are within the limits', async () => {
  const blocks = [
    { type: 'header', text: { type: 'plain_text', text: 'x'.repeat(150) } },
    { type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(3_000) } },
    ...Array(48).fill(section),
  ];
  expect((await post({ blocks })).status).toBe(200);
});

test('faults on purpose: rate limit, 500, garbage, a cut connection, silence', async () => {
  const limit = failing('rate_limited', 429, '', { 'retry-after': '1' });
  slack.faults.next('webhook', limit, failing('server_error', 500), garbage, closing, hanging);
  const limited = await post({ text: 'a' });
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1']);
  expect((await post({ text: 'b' })).status).toBe(500);
  expect((await post({ text: 'c' })).text).not.toBe('ok');
  await expect(post({ text: 'd' })).rejects.toThrow('fetch failed');
  await expect(post({ text: 'e' })).rejects.toThrow(/timeout/);
  expect((await post({ text: 'f' })).text).toBe('ok');
  expect(slack.messages).toEqual([{ text: 'f' }]);
});
