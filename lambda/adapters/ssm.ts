/** SSM Run Command: sends one command to up to 50 instances and brings back what each answered. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CancelCommandCommand,
  type CommandInvocation,
  GetCommandInvocationCommand,
  InvalidInstanceId,
  InvocationDoesNotExist,
  paginateDescribeInstanceInformation,
  paginateListCommandInvocations,
  SendCommandCommand,
  type SSMClient,
  SSMServiceException,
} from '@aws-sdk/client-ssm';
import { StandardRetryStrategy } from '@smithy/core/retry';
import type { RetryErrorInfo, RetryToken } from '@smithy/types';
import type { Command } from '../domain/command.ts';
import { type Invocation, isFinished, readInvocation } from '../domain/invocation.ts';
import type { NodeReply } from '../domain/outcome.ts';

export interface SsmClients {
  /** Retries as the SDK does. */
  reading: SSMClient;
  /** Retries a throttled call only: SendCommand has no idempotency token. */
  sending: SSMClient;
}

export interface CommandRun {
  documentName: string;
  command: Command;
  /** At most 100 characters; carries the run id into SSM's history. */
  comment: string;
  /** When to stop waiting; the command is then cancelled. */
  deadline: Date;
}

/** Seconds for the agent to pick a command up. */
const DELIVERY_SECONDS = 60;
const FIRST_POLL_MS = 300;
const SLOWEST_POLL_MS = 3_000;

/** A throttled call never reached the service's work, so it alone is safe to send again. */
export class ThrottleOnlyRetry extends StandardRetryStrategy {
  override async refreshRetryTokenForRetry(
    token: Parameters<StandardRetryStrategy['refreshRetryTokenForRetry']>[0],
    info: RetryErrorInfo,
  ): Promise<RetryToken & Awaited<ReturnType<StandardRetryStrategy['acquireInitialRetryToken']>>> {
    if (info.errorType !== 'THROTTLING') throw new Error('not sent again: it may have been done');
    return super.refreshRetryTokenForRetry(token, info);
  }
}

/**
 * Runs one command and waits for every instance's answer, each judged by itself.
 *
 * @returns one reply for each instance of the command; a refusal is a reply too, never thrown
 */
export async function runCommand(
  ssm: SsmClients,
  run: CommandRun,
): Promise<Map<string, NodeReply>> {
  const ids = run.command.work.map(({ instanceId }) => instanceId);
  let replies: Map<string, NodeReply>;
  try {
    replies = await findUnmanaged(ssm.reading, ids);
  } catch (error) {
    const reason = `not sent: SSM did not say which instances it manages: ${describe(error)}`;
    return replyForAll(ids, { kind: 'failed', reason });
  }
  const reachable = ids.filter((id) => !replies.has(id));
  if (reachable.length === 0) return replies;
  for (const [id, reply] of await sendAndWait(ssm, run, reachable)) replies.set(id, reply);
  return replies;
}

function replyForAll(ids: readonly string[], reply: NodeReply): Map<string, NodeReply> {
  return new Map(ids.map((id) => [id, reply]));
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Which instances SSM cannot reach at all; one bad id would make SendCommand refuse them all. */
async function findUnmanaged(client: SSMClient, ids: string[]): Promise<Map<string, NodeReply>> {
  const known = new Map<string, { ping: string | undefined; platform: string | undefined }>();
  const pages = paginateDescribeInstanceInformation(
    { client, pageSize: 50 },
    { Filters: [{ Key: 'InstanceIds', Values: ids }] },
  );
  for await (const page of pages) {
    for (const info of page.InstanceInformationList ?? []) {
      known.set(info.InstanceId ?? '', { ping: info.PingStatus, platform: info.PlatformType });
    }
  }
  const replies = new Map<string, NodeReply>();
  for (const id of ids) {
    const reason = unreachableReason(known.get(id));
    if (reason !== undefined) replies.set(id, { kind: 'unreachable', reason });
  }
  return replies;
}

function unreachableReason(
  info: { ping: string | undefined; platform: string | undefined } | undefined,
): string | undefined {
  if (info === undefined) {
    return 'SSM does not manage this instance: check its agent and its instance profile (AmazonSSMManagedInstanceCore)';
  }
  if (info.platform !== undefined && info.platform !== 'Linux') {
    return `a ${info.platform} node: it has no cgroup freezer`;
  }
  if (info.ping !== undefined && info.ping !== 'Online') {
    return `SSM has lost its connection to the instance (${info.ping})`;
  }
  return undefined;
}

/** Halves the batch when SSM refuses an id that went bad since it was looked up. */
async function sendAndWait(
  ssm: SsmClients,
  run: CommandRun,
  ids: string[],
): Promise<Map<string, NodeReply>> {
  const sent = await trySend(ssm.sending, run, ids);
  if (sent !== 'invalid-instance') {
    if ('refused' in sent) return replyForAll(ids, sent.refused);
    return waitForAll(ssm.reading, { ...sent, ids, deadline: run.deadline });
  }
  if (ids.length === 1) {
    const reason = 'SSM refuses the instance: it is not running, or its agent is not registered';
    return replyForAll(ids, { kind: 'unreachable', reason });
  }
  const middle = Math.ceil(ids.length / 2);
  const halves = [ids.slice(0, middle), ids.slice(middle)];
  const replies = await Promise.all(halves.map((half) => sendAndWait(ssm, run, half)));
  return new Map(replies.flatMap((map) => [...map]));
}

/**
 * A refusal (the service's 4xx) means that no node has seen the command; after anything else
 * nobody knows, and there is no token to send it again safely.
 */
async function trySend(
  client: SSMClient,
  run: CommandRun,
  ids: string[],
): Promise<{ commandId: string } | { refused: NodeReply } | 'invalid-instance'> {
  try {
    return { commandId: await send(client, run, ids) };
  } catch (error) {
    if (error instanceof InvalidInstanceId) return 'invalid-instance';
    const refused = error instanceof SSMServiceException && error.$fault === 'client';
    return {
      refused: refused
        ? { kind: 'failed', reason: `SSM refused the command: ${describe(error)}` }
        : {
            kind: 'unknown',
            reason: `it is not known whether SSM took the command: ${describe(error)}`,
          },
    };
  }
}

async function send(client: SSMClient, run: CommandRun, ids: string[]): Promise<string> {
  const { Command } = await client.send(
    new SendCommandCommand({
      DocumentName: run.documentName,
      DocumentVersion: '1',
      InstanceIds: ids,
      Parameters: run.command.parameters,
      Comment: run.comment.slice(0, 100),
      TimeoutSeconds: DELIVERY_SECONDS,
      MaxConcurrency: '100%',
      MaxErrors: '100%',
    }),
  );
  if (Command?.CommandId === undefined) throw new Error('SendCommand answered without a CommandId');
  return Command.CommandId;
}

interface Sent {
  commandId: string;
  ids: string[];
  deadline: Date;
}

/** The command is out: whatever goes wrong from here on, each node gets a reply, at worst unknown. */
async function waitForAll(client: SSMClient, sent: Sent): Promise<Map<string, NodeReply>> {
  const replies = new Map<string, NodeReply>();
  let reason = 'the node had not answered when the run was out of time; the command was cancelled';
  try {
    await poll(client, sent, replies);
    if (replies.size < sent.ids.length) {
      await client.send(new CancelCommandCommand({ CommandId: sent.commandId }));
    }
  } catch (error) {
    reason = `the command was sent, but its answer cannot be read: ${describe(error)}`;
  }
  for (const id of sent.ids) {
    if (!replies.has(id)) replies.set(id, { kind: 'unknown', reason, commandId: sent.commandId });
  }
  return replies;
}

/**
 * Polls with one list call for all instances, until each has answered or the time is up. The
 * list's output holds 2,500 characters; only a report that was cut there is fetched by itself.
 */
async function poll(
  client: SSMClient,
  { commandId, ids, deadline }: Sent,
  replies: Map<string, NodeReply>,
): Promise<void> {
  for (let pause = FIRST_POLL_MS; replies.size < ids.length; pause *= 1.5) {
    if (Date.now() >= deadline.getTime()) return;
    await sleep(Math.min(pause, SLOWEST_POLL_MS) * (0.8 + 0.4 * Math.random()));
    for (const listed of await list(client, commandId)) {
      if (replies.has(listed.instanceId) || !isFinished(listed)) continue;
      replies.set(listed.instanceId, await readReply(client, commandId, listed));
    }
  }
}

async function list(client: SSMClient, commandId: string): Promise<Invocation[]> {
  const invocations: Invocation[] = [];
  const pages = paginateListCommandInvocations(
    { client, pageSize: 50 },
    { CommandId: commandId, Details: true },
  );
  for await (const page of pages) {
    invocations.push(...(page.CommandInvocations ?? []).map(fromList));
  }
  return invocations;
}

function fromList(listed: CommandInvocation): Invocation {
  const plugin = listed.CommandPlugins?.[0];
  return {
    instanceId: listed.InstanceId ?? '',
    statusDetails: listed.StatusDetails ?? listed.Status ?? '',
    responseCode: plugin?.ResponseCode ?? -1,
    stdout: plugin?.Output ?? '',
    stderr: '',
  };
}

async function readReply(
  client: SSMClient,
  commandId: string,
  listed: Invocation,
): Promise<NodeReply> {
  const brief = readInvocation(listed, commandId);
  if (brief.kind !== 'unknown') return brief;
  return readInvocation((await get(client, commandId, listed.instanceId)) ?? listed, commandId);
}

/** Right after SendCommand, and for a moment after a listing, SSM may not know the invocation yet. */
async function get(
  client: SSMClient,
  commandId: string,
  instanceId: string,
): Promise<Invocation | undefined> {
  try {
    const got = await client.send(
      new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId }),
    );
    return {
      instanceId,
      statusDetails: got.StatusDetails ?? got.Status ?? '',
      responseCode: got.ResponseCode ?? -1,
      stdout: got.StandardOutputContent ?? '',
      stderr: got.StandardErrorContent ?? '',
    };
  } catch (error) {
    if (error instanceof InvocationDoesNotExist) return undefined;
    throw error;
  }
}
