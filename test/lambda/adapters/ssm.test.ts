import { SSMClient } from '@aws-sdk/client-ssm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runCommand, ThrottleOnlyRetry } from '../../../lambda/adapters/ssm.ts';
import { type Command, LISTED_TARGETS, makeCommands } from '../../../lambda/domain/command.ts';
import { judgePod } from '../../../lambda/domain/judgement.ts';
import type { NodeReply } from '../../../lambda/domain/outcome.ts';
import { failing, hanging, internalError, throttled } from '../../../local/endpoints/faults.ts';
import { type SsmEndpoint, type SsmOptions, startSsm } from '../../../local/endpoints/ssm.ts';
import type { CannedOutput, ManagedInstance } from '../../../local/endpoints/ssm-instance.ts';
import { synthesizedDocument } from '../../../local/synthesized-document.ts';
import { clientOptions } from '../../local/endpoints/clients.ts';
import { shopSettings } from '../../pipeline/shop.ts';
import { podOf, uidOf } from '../domain/pods.ts';
import { reportOf, targetOf } from '../domain/reports.ts';

const settings = shopSettings();
const idOf = (node: number) => `i-${String(node).padStart(17, '0')}`;
const workOf = (nodes: number[]) =>
  nodes.map((node) => ({ node: `n-${node}`, instanceId: idOf(node), pods: [podOf(node)] }));

type Fields = Partial<ManagedInstance>;
const canned = (output: CannedOutput): Fields => ({ behaviour: { kind: 'canned', output } });
const reported = (stdout: unknown): Fields => canned({ stdout: `${JSON.stringify(stdout)}\n` });
/** A node that thawed the pod of its own number. */
const thawing = (node: number): Fields => reported(reportOf([targetOf(uidOf(node))]));

async function start(instances: Record<number, Fields>, options: Partial<SsmOptions> = {}) {
  const ssm = await startSsm({
    documents: [{ name: 'podthaw', content: synthesizedDocument(settings) }],
    instances: Object.entries(instances).map(([node, fields]) => ({
      instanceId: idOf(Number(node)),
      ...fields,
    })),
    ...options,
  });
  onTestFinished(() => ssm.close());
  return ssm;
}

/** One command for all of them, though the plan would send nodes of one pod in several. */
function commandOf(nodes: number[]): Command {
  const [command] = makeCommands(workOf(nodes), 'thaw', settings);
  if (command === undefined) throw new Error('no command');
  const Targets: [string] = [nodes.map(uidOf).join(',')];
  return { work: workOf(nodes), parameters: { ...command.parameters, Targets } };
}

/** Runs one command on these nodes, within so many milliseconds. @returns each node's reply */
async function replies(ssm: SsmEndpoint, nodes: number[], ms = 20_000) {
  const command = commandOf(nodes);
  const clients = {
    reading: new SSMClient({ ...clientOptions(ssm), maxAttempts: 2 }),
    sending: new SSMClient({ ...clientOptions(ssm), retryStrategy: new ThrottleOnlyRetry(5) }),
  };
  const deadline = new Date(Date.now() + ms);
  const run = { documentName: 'podthaw', command, comment: 'podthaw run-1', deadline };
  const byId = await runCommand(clients, run);
  return (node: number): NodeReply => {
    const reply = byId.get(idOf(node));
    if (reply === undefined) throw new Error(`no reply of node ${node}`);
    return reply;
  };
}

const calls = (ssm: SsmEndpoint, operation: string) => ssm.calls.get(operation) ?? 0;

describe('each node is told apart, and takes no other with it', () => {
  const busy = 'freezer.sh: busy: another thaw held the lock for 30 s\n';
  const other = reportOf([targetOf(uidOf(1))], { absent: [uidOf(99)] });
  const NODES: Record<string, [Fields | undefined, NodeReply['kind'], string]> = {
    'not managed': [undefined, 'unreachable', 'AmazonSSMManagedInstanceCore'],
    'not in a valid state': [
      { behaviour: { kind: 'notInValidState' } },
      'unreachable',
      'InvalidInstanceId',
    ],
    'connection lost': [{ pingStatus: 'ConnectionLost' }, 'unreachable', 'restart amazon-ssm'],
    inactive: [{ pingStatus: 'Inactive' }, 'unreachable', 'Inactive'],
    Windows: [{ platformType: 'Windows' }, 'unreachable', 'no cgroup freezer'],
    undeliverable: [{ behaviour: { kind: 'undeliverable' } }, 'unreachable', 'Undeliverable'],
    'wrong platform': [{ behaviour: { kind: 'invalidPlatform' } }, 'unreachable', 'only Linux'],
    'delivery timed out': [
      { behaviour: { kind: 'deliveryTimedOut' }, latencyMs: 10 },
      'unreachable',
      'DeliveryTimedOut',
    ],
    terminated: [{ behaviour: { kind: 'terminated' } }, 'unreachable', 'Terminated'],
    'access denied': [{ behaviour: { kind: 'accessDenied' } }, 'unreachable', 'instance profile'],
    'execution timed out': [{ behaviour: { kind: 'executionTimedOut' } }, 'unknown', 'time limit'],
    cancelled: [{ behaviour: { kind: 'cancelled' } }, 'unknown', 'somebody cancelled'],
    busy: [canned({ stdout: '', stderr: busy, exitCode: 3 }), 'unknown', 'busy: another thaw'],
    'not to be examined': [
      canned({ stdout: '', stderr: 'freezer.sh: not root\n', exitCode: 3 }),
      'unknown',
      'cannot be examined: freezer.sh: not root',
    ],
    usage: [
      canned({ stdout: '', stderr: 'freezer.sh: no TARGET\n', exitCode: 2 }),
      'unknown',
      'refused its arguments: freezer.sh: no TARGET',
    ],
    'report missing': [canned({ stdout: '' }), 'unknown', 'sent no report'],
    'report cut off': [canned({ stdout: '{"podthaw":1,"act' }), 'unknown', 'cut off'],
    'report too long': [canned({ stdout: `{"a":"${'x'.repeat(25_000)}"}` }), 'unknown', 'cut off'],
    garbage: [canned({ stdout: 'Segmentation fault\n' }), 'unknown', 'Segmentation fault'],
    'another shape': [reported({ podthaw: 1 }), 'unknown', 'not version 1'],
    'another node’s pods': [reported(other), 'report', ''],
  };
  const BAD = Object.entries(NODES).map(([name, expected], at) => ({
    name,
    node: at + 10,
    expected,
  }));
  const good = Array.from({ length: 50 - BAD.length }, (_, at) => at + 50);

  test('fifty nodes in one command', async () => {
    const instances: Record<number, Fields> = {};
    // The command carries the UIDs of all: each good node speaks for the bad ones' pods as well.
    const others = BAD.map(({ node }) => targetOf(uidOf(node)));
    for (const node of good)
      instances[node] = reported(reportOf([targetOf(uidOf(node)), ...others]));
    for (const { node, expected } of BAD) if (expected[0]) instances[node] = expected[0];
    const ssm = await start(instances);
    const nodes = [...BAD.map(({ node }) => node), ...good];
    expect(nodes).toHaveLength(50);

    const replyOf = await replies(ssm, nodes);

    for (const node of good) {
      expect(judgePod(podOf(node), replyOf(node), true)).toMatchObject({ outcome: 'deleted' });
    }
    for (const { name, node, expected } of BAD) {
      const [, kind, reason] = expected;
      const reply = replyOf(node);
      expect(reply, name).toMatchObject({
        kind,
        ...(reason && { reason: expect.stringContaining(reason) }),
      });
      expect('busy' in reply, name).toBe(name === 'busy');
      const { outcome } = judgePod(podOf(node), reply, false);
      expect(outcome, name).toBe(kind === 'report' ? 'unknown' : kind);
    }
    // Its pod is spoken for by nobody else: neither by the report that it has, nor by the others.
    const reasons = new Set(
      BAD.map(({ node }) => judgePod(podOf(node), replyOf(node), false).reason),
    );
    expect(reasons.size).toBe(BAD.length);
  });
});

describe('what is read', () => {
  test('reports that fit come with the list: no node is asked by itself', async () => {
    const nodes = Array.from({ length: LISTED_TARGETS }, (_, at) => at + 1);
    const ssm = await start(Object.fromEntries(nodes.map((node) => [node, thawing(node)])));
    const replyOf = await replies(ssm, nodes);
    for (const node of nodes) expect(replyOf(node).kind).toBe('report');
    expect(calls(ssm, 'SendCommand')).toBe(1);
    expect(calls(ssm, 'GetCommandInvocation')).toBe(0);
  });

  test('one that is cut there is fetched, it alone', async () => {
    const absent = Array.from({ length: 60 }, (_, at) => uidOf(at + 100));
    const ssm = await start({
      1: thawing(1),
      2: reported(reportOf([targetOf(uidOf(2))], { absent })),
    });
    const replyOf = await replies(ssm, [1, 2]);
    expect(replyOf(2)).toMatchObject({ kind: 'report', report: { absent } });
    expect(calls(ssm, 'GetCommandInvocation')).toBe(1);
  });

  test('a line on stderr beside the report does not spoil it', async () => {
    const stdout = `${JSON.stringify(reportOf([targetOf(uidOf(1))]))}\n`;
    const ssm = await start({ 1: canned({ stdout, stderr: 'bash: a warning\n' }) });
    expect((await replies(ssm, [1]))(1).kind).toBe('report');
  });

  test('an invocation that SSM does not know yet is asked for again', async () => {
    const absent = Array.from({ length: 60 }, (_, at) => uidOf(at + 100));
    const ssm = await start(
      { 1: reported(reportOf([targetOf(uidOf(1))], { absent })) },
      { hiddenMs: 900 },
    );
    ssm.faults.next('GetCommandInvocation', failing('InvocationDoesNotExist', 400));
    ssm.faults.next('ListCommandInvocations', failing('InvalidCommandId', 400));
    expect((await replies(ssm, [1]))(1).kind).toBe('report');
    expect(calls(ssm, 'SendCommand')).toBe(1);
    expect(calls(ssm, 'GetCommandInvocation')).toBe(2);
  });

  test.each([
    ['throttling', throttled()],
    ['a 500', internalError()],
    ['a cut connection', { kind: 'close' } as const],
  ])('%s that outlasts the SDK’s retries is borne while there is time', async (_, fault) => {
    const ssm = await start({ 1: thawing(1) });
    ssm.faults.next('ListCommandInvocations', ...Array(5).fill(fault));
    expect((await replies(ssm, [1]))(1).kind).toBe('report');
  });
});

describe('what fails fast', () => {
  const denied = failing('AccessDeniedException', 400, 'not authorized');

  test('AccessDenied on SendCommand: nothing was sent', async () => {
    const ssm = await start({ 1: thawing(1) });
    ssm.faults.when('SendCommand', () => denied);
    const reply = (await replies(ssm, [1]))(1);
    expect(reply).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('AccessDenied'),
    });
    expect(calls(ssm, 'SendCommand')).toBe(1);
    expect(ssm.commands.size).toBe(0);
  });

  test('AccessDenied on the look-up: nothing is sent', async () => {
    const ssm = await start({ 1: thawing(1) });
    ssm.faults.when('DescribeInstanceInformation', () => denied);
    const reply = (await replies(ssm, [1]))(1);
    expect(reply).toMatchObject({ kind: 'failed', reason: expect.stringContaining('not sent') });
    expect(calls(ssm, 'SendCommand')).toBe(0);
  });

  test('AccessDenied on reading: unknown, at once, though there is time', async () => {
    const ssm = await start({ 1: thawing(1) });
    ssm.faults.when('ListCommandInvocations', () => denied);
    const reply = (await replies(ssm, [1], 600_000))(1);
    expect(reply).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('cannot be read'),
    });
    expect(calls(ssm, 'ListCommandInvocations')).toBe(1);
  });

  test('a 500 to SendCommand: it may have been taken, and is not sent again', async () => {
    const ssm = await start({ 1: thawing(1) });
    ssm.faults.next('SendCommand', internalError());
    expect((await replies(ssm, [1]))(1)).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('not known whether SSM took the command'),
    });
    expect(calls(ssm, 'SendCommand')).toBe(1);
  });

  test('throttling of SendCommand: sent again, once taken', async () => {
    const ssm = await start({ 1: thawing(1) });
    ssm.faults.next('SendCommand', throttled(), throttled());
    expect((await replies(ssm, [1]))(1).kind).toBe('report');
    expect(ssm.commands.size).toBe(1);
  });
});

describe('when the budget ends', () => {
  const slow = { ...thawing(2), latencyMs: 60_000 };

  test('the command is cancelled, and who has answered keeps its answer', async () => {
    const ssm = await start({ 1: thawing(1), 2: slow });
    const replyOf = await replies(ssm, [1, 2], 1_500);
    expect(replyOf(1).kind).toBe('report');
    expect(replyOf(2)).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('out of time; the command was cancelled'),
      commandId: expect.any(String),
    });
    expect(calls(ssm, 'CancelCommand')).toBe(1);
    const [command] = ssm.commands.values();
    await expect
      .poll(() => command?.invocations.get(idOf(2))?.details, { timeout: 5_000 })
      .toBe('Cancelled');
  });

  test('a cancel that is refused is told', async () => {
    const ssm = await start({ 2: slow });
    ssm.faults.when('CancelCommand', () => failing('AccessDeniedException', 400, 'no'));
    expect((await replies(ssm, [2], 700))(2)).toMatchObject({
      reason: expect.stringContaining('could not be cancelled: AccessDenied'),
    });
  });

  test('an SSM that never answers does not hold the run', async () => {
    const ssm = await start({ 1: thawing(1) });
    ssm.faults.when('ListCommandInvocations', () => hanging);
    const begun = performance.now();
    const reply = (await replies(ssm, [1], 1_500))(1);
    expect(reply).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('be asked') });
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});
