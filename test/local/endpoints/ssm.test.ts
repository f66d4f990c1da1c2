import { readFileSync } from 'node:fs';
import {
  CancelCommandCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  type GetCommandInvocationCommandOutput,
  ListCommandInvocationsCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, test } from 'vitest';
import { closing, throttled } from '../../../local/endpoints/faults.ts';
import { type SsmEndpoint, type SsmOptions, startSsm } from '../../../local/endpoints/ssm.ts';
import type { ManagedInstance } from '../../../local/endpoints/ssm-instance.ts';
import { clientOptions } from './clients.ts';

const NODE = 'i-0123456789abcdef0';
const OTHER = 'i-0123456789abcdef1';
const OLD_AGENT = '3.2.0.0';

/** A document that runs `lines` and takes one word. */
function documentOf(lines: string[], timeoutSeconds = '60') {
  return {
    schemaVersion: '2.2',
    parameters: {
      Word: {
        type: 'String',
        default: 'thaw',
        allowedPattern: '[a-z]+',
        interpolationType: 'ENV_VAR',
      },
    },
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: 'run',
        inputs: { runCommand: lines, timeoutSeconds },
      },
    ],
  };
}

let ssm: SsmEndpoint;
let client: SSMClient;

async function start(
  lines: string[],
  instances: Partial<ManagedInstance>[] = [{}],
  options: Partial<SsmOptions> & { timeoutSeconds?: string } = {},
) {
  ssm = await startSsm({
    documents: [{ name: 'podthaw', content: documentOf(lines, options.timeoutSeconds) }],
    instances: instances.map((instance) => ({ instanceId: NODE, ...instance })),
    hiddenMs: 0,
    ...options,
  });
  client = new SSMClient(clientOptions(ssm));
}

afterEach(() => ssm?.close());

async function send(input: Partial<SendCommandCommandInput> = {}): Promise<string> {
  const { Command } = await client.send(
    new SendCommandCommand({
      DocumentName: 'podthaw',
      InstanceIds: [NODE],
      MaxErrors: '100%',
      ...input,
    }),
  );
  return Command?.CommandId ?? '';
}

async function get(commandId: string, instanceId = NODE) {
  return client.send(
    new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId }),
  );
}

/** Waits for the end of an invocation, as any caller of the API has to. */
async function end(commandId: string, instanceId = NODE) {
  for (;;) {
    const got = await get(commandId, instanceId);
    if (got.Status !== 'Pending' && got.Status !== 'InProgress') return got;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function stateOf(got: GetCommandInvocationCommandOutput) {
  return [got.Status, got.StatusDetails, got.ResponseCode];
}

describe('a script that runs', () => {
  test('its output and exit code come back', async () => {
    await start(['echo out; echo err >&2']);
    const got = await end(await send());
    expect(stateOf(got)).toEqual(['Success', 'Success', 0]);
    expect(got.StandardOutputContent).toBe('out\n');
    expect(got.StandardErrorContent).toBe('err\n');
    expect(got.PluginName).toBe('run');
  });

  test('its first line picks the interpreter', async () => {
    await start(['#!/bin/bash', 'echo "$BASH_VERSION" | cut -c1']);
    expect((await end(await send())).StandardOutputContent).toMatch(/^\d\n$/);
  });

  test('a failure keeps the exit code, and the agent adds its line to stderr', async () => {
    await start(['exit 3']);
    const got = await end(await send());
    expect(stateOf(got)).toEqual(['Failed', 'Failed', 3]);
    expect(got.StandardErrorContent).toBe('failed to run commands: exit status 3');
  });

  test('exit code 137 counts as a time-out', async () => {
    await start(['exit 137']);
    expect(stateOf(await end(await send()))).toEqual(['TimedOut', 'ExecutionTimedOut', 137]);
  });

  test('the time limit kills the whole process group, and no trap runs', async () => {
    await start(['trap "echo trapped" TERM EXIT', 'echo $$; sleep 30 & echo $!; wait'], [{}], {
      timeoutSeconds: '5',
    });
    const got = await end(await send());
    expect(stateOf(got)).toEqual(['TimedOut', 'ExecutionTimedOut', 137]);
    const pids = String(got.StandardOutputContent).trim().split('\n').map(Number);
    expect(pids).toHaveLength(2);
    await expect
      .poll(() => pids.filter(isRunning), { message: 'processes that outlived the kill' })
      .toEqual([]);
  });

  test('long output is cut at 24,000 and 8,000 bytes, with the agent’s mark', async () => {
    await start(['head -c 30000 /dev/zero | tr "\\0" o; head -c 9000 /dev/zero | tr "\\0" e >&2']);
    const got = await end(await send());
    expect(got.StandardOutputContent).toHaveLength(24_000);
    expect(got.StandardErrorContent).toHaveLength(8_000);
    expect(got.StandardOutputContent).toMatch(/o--output truncated--$/);
  });

  test('it gets the agent’s environment and what the caller adds, not ours', async () => {
    process.env.PODTHAW_SECRET_OF_THE_TEST = 'leaked';
    await start(['env'], [{}], { environment: { PODTHAW_HOST_ROOT: '/nowhere' } });
    const commandId = await send();
    const { StandardOutputContent } = await end(commandId);
    delete process.env.PODTHAW_SECRET_OF_THE_TEST;
    expect(StandardOutputContent).toContain('PODTHAW_HOST_ROOT=/nowhere\n');
    expect(StandardOutputContent).toContain(`SSM_COMMAND_ID=${commandId}\n`);
    expect(StandardOutputContent).not.toContain('leaked');
  });
});

describe('parameters', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell expands it
  const show = ['echo "env=${SSM_Word-unset} text={{ Word }}"'];

  test.each([
    ['an agent that exports them', {}, 'env=cart text={{ Word }}\n'],
    ['one that also pastes them', { placeholders: 'pasted' as const }, 'env=cart text=cart\n'],
    ['an older agent', { agentVersion: OLD_AGENT }, 'env=unset text=cart\n'],
    ['the first agent that exports', { agentVersion: '3.3.2746.0' }, 'env=cart text={{ Word }}\n'],
    ['the last that does not', { agentVersion: '3.3.2745.9' }, 'env=unset text=cart\n'],
  ])('reach a script through %s', async (_, instance, expected) => {
    await start(show, [instance]);
    const got = await end(await send({ Parameters: { Word: ['cart'] } }));
    expect(got.StandardOutputContent).toBe(expected);
  });

  test('a default stands in for what is not given', async () => {
    await start(show);
    expect((await end(await send())).StandardOutputContent).toContain('env=thaw');
  });

  test.each([
    ['one that the document does not know', { Other: ['x'] }],
    ['a value that matches only in part', { Word: ['thaw;reboot'] }],
    ['a value with a line break at its end', { Word: ['thaw\n'] }],
    ['two values for one String', { Word: ['a', 'b'] }],
  ])('%s is refused, and nothing runs', async (_, Parameters) => {
    await start(show);
    await expect(send({ Parameters })).rejects.toMatchObject({ name: 'InvalidParameters' });
    expect(ssm.commands.size).toBe(0);
  });

  test('one without a default must be given', async () => {
    ssm = await startSsm({
      documents: [
        {
          name: 'podthaw',
          content: { ...documentOf(['true']), parameters: { Word: { type: 'String' } } },
        },
      ],
      instances: [{ instanceId: NODE }],
    });
    client = new SSMClient(clientOptions(ssm));
    await expect(send()).rejects.toMatchObject({ name: 'InvalidParameters' });
  });
});

describe('SendCommand refuses', () => {
  test.each([
    ['a node that is not managed', { InstanceIds: [NODE, OTHER] }, 'InvalidInstanceId'],
    ['the same node twice', { InstanceIds: [NODE, NODE] }, 'DuplicateInstanceId'],
    ['an unknown document', { DocumentName: 'other' }, 'InvalidDocument'],
    ['an unknown version', { DocumentVersion: '2' }, 'InvalidDocumentVersion'],
    ['a delivery time below 30 s', { TimeoutSeconds: 29 }, 'ValidationException'],
    ['a comment of 101 characters', { Comment: 'x'.repeat(101) }, 'ValidationException'],
    ['MaxErrors that is no count', { MaxErrors: 'all' }, 'ValidationException'],
    ['MaxConcurrency of 0', { MaxConcurrency: '0' }, 'ValidationException'],
    [
      '51 nodes',
      { InstanceIds: Array.from({ length: 51 }, (_, i) => `i-${String(i).padStart(17, '0')}`) },
      'ValidationException',
    ],
  ])('%s', async (_, input, name) => {
    await start(['true']);
    await expect(send(input)).rejects.toMatchObject({ name });
  });

  test('a Windows node', async () => {
    await start(['true'], [{ platformType: 'Windows' }]);
    await expect(send()).rejects.toMatchObject({ name: 'UnsupportedPlatformType' });
  });

  test('a node that is not in a valid state', async () => {
    await start(['true'], [{ behaviour: { kind: 'notInValidState' } }]);
    await expect(send()).rejects.toMatchObject({ name: 'InvalidInstanceId' });
  });
});

describe('nodes that do not run the script', () => {
  test.each([
    ['undeliverable', ['Failed', 'Undeliverable', -1]],
    ['accessDenied', ['Failed', 'AccessDenied', -1]],
    ['invalidPlatform', ['Failed', 'InvalidPlatform', -1]],
    ['deliveryTimedOut', ['TimedOut', 'DeliveryTimedOut', -1]],
    ['executionTimedOut', ['TimedOut', 'ExecutionTimedOut', 137]],
  ] as const)('%s', async (kind, expected) => {
    await start(['echo ran'], [{ behaviour: { kind }, latencyMs: 10 }]);
    const got = await end(await send());
    expect(stateOf(got)).toEqual(expected);
    expect(got.StandardOutputContent).toBe('');
  });

  test('a lost connection is accepted, and the delivery times out', async () => {
    await start(['echo ran'], [{ pingStatus: 'ConnectionLost', latencyMs: 10 }]);
    expect(stateOf(await end(await send()))).toEqual(['TimedOut', 'DeliveryTimedOut', -1]);
  });

  test('a canned answer may depend on what was asked', async () => {
    const output = ({ parameters }: { parameters: Readonly<Record<string, string>> }) => ({
      stdout: `canned ${parameters.Word}`,
      exitCode: 3,
    });
    await start(['echo ran'], [{ behaviour: { kind: 'canned', output } }]);
    const got = await end(await send({ Parameters: { Word: ['cart'] } }));
    expect(stateOf(got)).toEqual(['Failed', 'Failed', 3]);
    expect(got.StandardOutputContent).toBe('canned cart');
  });
});

describe('many nodes', () => {
  const ids = Array.from({ length: 50 }, (_, i) => `i-${String(i).padStart(17, '0')}`);

  test('one list call brings all reports, in pages', async () => {
    await start(
      ['true'],
      ids.map((instanceId) => ({
        instanceId,
        behaviour: { kind: 'canned', output: { stdout: instanceId } },
      })),
    );
    const commandId = await send({ InstanceIds: ids });
    await end(commandId, ids.at(-1));
    const first = await client.send(
      new ListCommandInvocationsCommand({ CommandId: commandId, Details: true, MaxResults: 30 }),
    );
    const rest = await client.send(
      new ListCommandInvocationsCommand({
        CommandId: commandId,
        Details: true,
        MaxResults: 30,
        NextToken: first.NextToken,
      }),
    );
    expect(rest.NextToken).toBeUndefined();
    const outputs = [first, rest].flatMap((page) =>
      (page.CommandInvocations ?? []).map((one) => one.CommandPlugins?.[0]?.Output),
    );
    expect(outputs).toEqual(ids);
  });

  test('beyond MaxErrors the rest is terminated', async () => {
    const failing = { kind: 'canned', output: { stdout: '', exitCode: 1 } } as const;
    await start(
      ['true'],
      [NODE, OTHER].map((instanceId) => ({ instanceId, behaviour: failing })),
    );
    const commandId = await send({
      InstanceIds: [NODE, OTHER],
      MaxErrors: '0',
      MaxConcurrency: '1',
    });
    expect(stateOf(await end(commandId, OTHER))).toEqual(['Failed', 'Terminated', -1]);
  });

  test('nodes that a command never reached do not count as errors', async () => {
    await start(['echo ran'], [{ behaviour: { kind: 'undeliverable' } }, { instanceId: OTHER }]);
    const ids = { InstanceIds: [NODE, OTHER], MaxErrors: '0', MaxConcurrency: '1' };
    const got = await end(await send(ids), OTHER);
    expect(stateOf(got)).toEqual(['Success', 'Success', 0]);
  });

  test('they can be described, in pages and by id', async () => {
    await start(
      ['true'],
      ids.map((instanceId) => ({ instanceId, agentVersion: OLD_AGENT })),
    );
    const page = await client.send(new DescribeInstanceInformationCommand({ MaxResults: 20 }));
    expect(page.InstanceInformationList).toHaveLength(20);
    expect(page.NextToken).toBeDefined();
    const { InstanceInformationList } = await client.send(
      new DescribeInstanceInformationCommand({
        Filters: [{ Key: 'InstanceIds', Values: [String(ids[7])] }],
      }),
    );
    expect(InstanceInformationList).toMatchObject([
      { InstanceId: ids[7], PingStatus: 'Online', PlatformType: 'Linux', AgentVersion: OLD_AGENT },
    ]);
  });
});

test('the list’s output joins stdout and stderr and ends at 2,500 bytes', async () => {
  await start(['head -c 3000 /dev/zero | tr "\\0" o; echo err >&2']);
  const commandId = await send();
  await end(commandId);
  const { CommandInvocations } = await client.send(
    new ListCommandInvocationsCommand({ CommandId: commandId, Details: true }),
  );
  const output = CommandInvocations?.[0]?.CommandPlugins?.[0]?.Output ?? '';
  expect(output).toHaveLength(2_500);
  expect(output).toMatch(/o\n---Output truncated---\n----------ERROR-------\nerr\n$/);
});

test('an invocation is unknown for a moment after SendCommand', async () => {
  await start(['true'], [{}], { hiddenMs: 100 });
  const commandId = await send();
  await expect(get(commandId)).rejects.toMatchObject({ name: 'InvocationDoesNotExist' });
  await expect.poll(() => get(commandId).then((got) => got.InstanceId, String)).toBe(NODE);
});

test('a cancelled script is killed', async () => {
  await start(['echo $$; exec sleep 30']);
  const commandId = await send();
  await expect.poll(async () => (await get(commandId)).Status).toBe('InProgress');
  await new Promise((resolve) => setTimeout(resolve, 200));
  await client.send(new CancelCommandCommand({ CommandId: commandId }));
  const got = await end(commandId);
  expect(stateOf(got)).toEqual(['Cancelled', 'Cancelled', 137]);
  const pid = Number(got.StandardOutputContent);
  expect(pid).toBeGreaterThan(1);
  await expect.poll(() => isRunning(pid)).toBe(false);
});

test('closing the endpoint ends the scripts it started', async () => {
  const reported: number[] = [];
  await start(['echo $$; exec sleep 30'], [{}], {
    onReport: ({ stdout }) => void reported.push(Number(stdout)),
  });
  await send();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await ssm.close();
  await expect.poll(() => reported.length).toBe(1);
  await expect.poll(() => reported.filter(isRunning)).toEqual([]);
});

test('what happens is told as it happens', async () => {
  const story: string[] = [];
  await start(['echo done'], [{}], {
    onCommand: ({ comment, instanceIds }) => void story.push(`sent ${comment} to ${instanceIds}`),
    onReport: ({ instanceId, stdout }) => void story.push(`${instanceId} says ${stdout}`),
  });
  await end(await send({ Comment: 'run 7' }));
  expect(story).toEqual([`sent run 7 to ${NODE}`, `${NODE} says done\n`]);
});

describe('faults on purpose', () => {
  test('throttling, once', async () => {
    await start(['true']);
    ssm.faults.next('SendCommand', throttled());
    await expect(send()).rejects.toMatchObject({ name: 'ThrottlingException' });
    await expect(send()).resolves.toMatch(/-/);
    expect(ssm.calls.get('SendCommand')).toBe(2);
  });

  test('a cut connection', async () => {
    await start(['true']);
    ssm.faults.next('SendCommand', closing);
    await expect(send()).rejects.toThrow(/socket hang up|ECONNRESET/);
  });

  test('a client that retries gets through', async () => {
    await start(['true']);
    ssm.faults.when('SendCommand', (nth) => (nth < 3 ? throttled() : undefined));
    client = new SSMClient({ ...clientOptions(ssm), maxAttempts: 3 });
    await expect(send()).resolves.toMatch(/-/);
    expect(ssm.calls.get('SendCommand')).toBe(3);
  });
});

test('a command id of no known shape is told apart from an unknown one', async () => {
  await start(['true']);
  await expect(get('nonsense')).rejects.toMatchObject({ name: 'InvalidCommandId' });
  await expect(get('00000000-0000-4000-8000-000000000000')).rejects.toMatchObject({
    name: 'InvocationDoesNotExist',
  });
});

/** A zombie has ended: nobody has collected it yet where PID 1 does not. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
