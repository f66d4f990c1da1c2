/** Lambda's answers, the good and the bad: one invocation each, and an exit code. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runCli } from '../../cli/program.ts';
import { closing, type Fault, failing, garbage, throttled } from '../../local/endpoints/faults.ts';
import { type LambdaEndpoint, startLambda } from '../../local/endpoints/lambda.ts';
import { sampleOutcome, samplePod } from '../lambda/domain/message/samples.ts';
import { fakeTerminal } from './fake-terminal.ts';

let lambda: LambdaEndpoint;
let answer: unknown;
let events: unknown[];

beforeEach(async () => {
  events = [];
  answer = sampleOutcome([]);
  const handler = async (event: unknown) => {
    events.push(event);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  lambda = await startLambda([['podthaw-remediate', { handler }]]);
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', lambda.url);
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDLOOPBACK');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'a-secret-of-the-tests');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await lambda.close();
});

async function cli(...args: string[]) {
  const terminal = fakeTerminal();
  const code = await runCli(args, terminal);
  return { code, out: terminal.printed.join('\n'), err: terminal.noted.join('\n') };
}

describe('options become the request:', () => {
  test.each([
    [[], { action: 'check' }],
    [
      ['-c', 'prod', '-p', 'a/b', 'c/d', '-p', 'e/f'],
      { action: 'check', cluster: 'prod', pods: ['a/b', 'c/d', 'e/f'] },
    ],
    [['-n', 'node-1', '--notify'], { action: 'check', nodes: ['node-1'], notify: true }],
    [
      ['-i', 'i-0123456789abcdef0', '--without-api'],
      { action: 'check', instanceIds: ['i-0123456789abcdef0'], withoutApi: true },
    ],
  ])('%j', async (args, request) => {
    await cli('check', ...args);
    expect(events).toEqual([request]);
  });
});

describe('refused before anything is sent:', () => {
  test.each([
    ['a pod without a namespace', ['check', '--pod', 'cart-0'], '--pod: expected "namespace/name"'],
    ['no such option', ['check', '--force'], "unknown option '--force'"],
    ['no such command', ['freeze'], "unknown command 'freeze'"],
    [
      'without the API, without instances',
      ['check', '--without-api'],
      '--without-api: withoutApi needs',
    ],
    [
      'an instance id that is none',
      ['check', '-i', 'i-1'],
      '--instance: expected an EC2 instance id',
    ],
  ])('%s', async (_, args, words) => {
    const { code, err } = await cli(...args);
    expect([code, err]).toEqual([2, expect.stringContaining(words)]);
    expect(lambda.calls.size).toBe(0);
  });
});

describe('invoked once, whatever happens:', () => {
  test.each<[string, Fault, string]>([
    ['throttled', throttled('TooManyRequestsException'), 'TooManyRequestsException'],
    ['a 500', failing('ServiceException', 500), 'could not be invoked'],
    ['a connection that is closed', closing, 'could not be invoked'],
    ['garbage', garbage, 'answered with no outcome'],
    ['denied', failing('AccessDeniedException', 403, 'no permission'), 'no permission'],
  ])('%s', async (_, fault, words) => {
    lambda.faults.next('Invoke', fault);
    const { code, out, err } = await cli('check');
    expect([code, out, err]).toEqual([3, '', expect.stringContaining(words)]);
    expect(lambda.calls.get('Invoke')).toBe(1);
  });

  test('a function that fails', async () => {
    answer = new Error('out of memory');
    expect(await cli('thaw', '--yes')).toMatchObject({
      code: 3,
      err: expect.stringContaining('podthaw failed: out of memory'),
    });
    expect(events).toHaveLength(1);
  });

  test('a function that is not there', async () => {
    const { code, err } = await cli('check', '--stack', 'other');
    expect([code, err]).toEqual([
      3,
      expect.stringContaining('Function not found: other-remediate'),
    ]);
  });
});

describe('exit codes:', () => {
  test.each([
    ['nothing stuck', sampleOutcome([]), 0],
    ['freed', sampleOutcome([samplePod('deleted', 'paused')]), 0],
    ['something left to a person', sampleOutcome([samplePod('not-frozen', 'nfs')]), 1],
    ['could not look', sampleOutcome([], { problem: 'no access' }), 3],
    ['the worst of several clusters', [sampleOutcome([]), sampleOutcome([samplePod('failed')])], 1],
  ])('%s', async (_, outcome, code) => {
    answer = outcome;
    expect((await cli('check')).code).toBe(code);
  });
});

test('what a node sends cannot move the cursor', async () => {
  const pod = {
    ...samplePod('unknown'),
    name: 'x\u001b[2Jy',
    reason: '\u001b]0;title\u0007\u202e',
  };
  answer = sampleOutcome([pod]);
  const { out } = await cli('check');
  expect(out).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
  expect(out).toContain('x\ufffd[2Jy');
});

test('help names every command, option and exit code', async () => {
  const { code, out } = await cli('--help');
  expect(code).toBe(0);
  for (const word of ['check', 'thaw', 'doctor', 'Exit codes:']) expect(out).toContain(word);
  const sub = await cli('thaw', '--help');
  expect(sub.code).toBe(0);
  for (const word of ['--cluster', '--pod', '--node', '--yes', '--json', '--profile']) {
    expect(sub.out).toContain(word);
  }
});
