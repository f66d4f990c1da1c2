/** What each instance answers to a command that was sent: polled for until all have, or time is up. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CancelCommandCommand,
  type CommandInvocation,
  GetCommandInvocationCommand,
  InvalidCommandId,
  InvocationDoesNotExist,
  paginateListCommandInvocations,
  type SSMClient,
  SSMServiceException,
} from '@aws-sdk/client-ssm';
import { isThrottlingError } from '@smithy/core/retry';
import { type Invocation, isFinished, readInvocation } from '../domain/invocation.ts';
import type { NodeReply } from '../domain/outcome.ts';

export interface SentCommand {
  commandId: string;
  ids: readonly string[];
  /** When to stop waiting; the command is then cancelled. */
  deadline: Date;
}

const FIRST_POLL_MS = 300;
const SLOWEST_POLL_MS = 3_000;
/** At the deadline the run still has some seconds: for a last look, and to cancel. */
const LAST_LOOK_MS = 2_000;
const CANCEL_MS = 3_000;

/** The command is out: whatever goes wrong from here on, each node gets a reply, at worst unknown. */
export async function awaitReplies(
  client: SSMClient,
  sent: SentCommand,
): Promise<Map<string, NodeReply>> {
  const replies = new Map<string, NodeReply>();
  let reason = 'the node had not answered when the run was out of time';
  try {
    const trouble = await poll(client, sent, replies);
    if (trouble !== undefined) reason += `, and SSM could last not be asked: ${trouble}`;
    if (replies.size < sent.ids.length) reason += `; ${await cancel(client, sent.commandId)}`;
  } catch (error) {
    reason = `the command was sent, but its answer cannot be read: ${describeError(error)}`;
  }
  for (const id of sent.ids) {
    if (!replies.has(id)) replies.set(id, { kind: 'unknown', reason, commandId: sent.commandId });
  }
  return replies;
}

/**
 * Polls with one list call for all instances. What may pass (throttling that outlasts the SDK's own
 * retries, a 5xx, the network) is borne until the deadline; a refusal is not.
 *
 * @returns what went wrong at the last try, if anything
 */
async function poll(client: SSMClient, sent: SentCommand, replies: Map<string, NodeReply>) {
  let trouble: string | undefined;
  for (let pause = FIRST_POLL_MS; replies.size < sent.ids.length; pause *= 1.5) {
    const left = msUntil(sent.deadline);
    if (left === 0) return trouble;
    await sleep(Math.min(left, Math.min(pause, SLOWEST_POLL_MS) * (0.8 + 0.4 * Math.random())));
    try {
      await readFinished(client, sent, replies);
      trouble = undefined;
    } catch (error) {
      if (isRefusal(error)) throw error;
      trouble = describeError(error);
    }
  }
  return trouble;
}

function msUntil(deadline: Date): number {
  return Math.max(0, deadline.getTime() - Date.now());
}

/** AccessDenied and its like: it will be refused again. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof SSMServiceException)) return false;
  // Right after SendCommand, SSM may not know the command yet.
  if (error instanceof InvalidCommandId || error instanceof InvocationDoesNotExist) return false;
  const { name, message, $metadata } = error;
  return error.$fault === 'client' && !isThrottlingError({ name, message, $metadata });
}

async function readFinished(
  client: SSMClient,
  { commandId, deadline }: SentCommand,
  replies: Map<string, NodeReply>,
): Promise<void> {
  const abortSignal = AbortSignal.timeout(msUntil(deadline) + LAST_LOOK_MS);
  for (const listed of await list(client, commandId, abortSignal)) {
    if (replies.has(listed.instanceId) || !isFinished(listed)) continue;
    const reply = await readReply(client, commandId, listed, abortSignal);
    if (reply !== undefined) replies.set(listed.instanceId, reply);
  }
}

async function list(client: SSMClient, commandId: string, abortSignal: AbortSignal) {
  const invocations: Invocation[] = [];
  const pages = paginateListCommandInvocations(
    { client, pageSize: 50 },
    { CommandId: commandId, Details: true },
    { abortSignal },
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

/**
 * The list's output holds 2,500 bytes of stdout and stderr together: a report that is whole there is
 * taken from it; only what was cut, or tells of a failure, is fetched by itself.
 */
async function readReply(
  client: SSMClient,
  commandId: string,
  listed: Invocation,
  abortSignal: AbortSignal,
): Promise<NodeReply | undefined> {
  const brief = readInvocation(listed, commandId);
  if (brief.kind !== 'unknown') return brief;
  const got = await get(client, commandId, listed.instanceId, abortSignal);
  return got && isFinished(got) ? readInvocation(got, commandId) : undefined;
}

/** @returns undefined where SSM does not know it yet, though it has listed it: the next poll asks again */
async function get(
  client: SSMClient,
  commandId: string,
  instanceId: string,
  abortSignal: AbortSignal,
): Promise<Invocation | undefined> {
  try {
    const got = await client.send(
      new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId }),
      { abortSignal },
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

/** @returns what became of it, in words: what has not begun on a node never will */
async function cancel(client: SSMClient, commandId: string): Promise<string> {
  try {
    const abortSignal = AbortSignal.timeout(CANCEL_MS);
    await client.send(new CancelCommandCommand({ CommandId: commandId }), { abortSignal });
    return 'the command was cancelled';
  } catch (error) {
    return `the command could not be cancelled: ${describeError(error)}`;
  }
}

/** An error in one line, for a reason. */
export function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
