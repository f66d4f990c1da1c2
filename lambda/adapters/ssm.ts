/** SSM Run Command: sends one command to up to 50 instances and brings back what each answered. */
import {
  InvalidInstanceId,
  SendCommandCommand,
  type SSMClient,
  SSMServiceException,
} from '@aws-sdk/client-ssm';
import { StandardRetryStrategy } from '@smithy/core/retry';
import type { RetryErrorInfo, RetryToken } from '@smithy/types';
import type { Command } from '../domain/command.ts';
import type { NodeReply } from '../domain/outcome.ts';
import { awaitReplies, describeError } from './ssm-answers.ts';
import { findUnreachable } from './ssm-instances.ts';

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
    replies = await findUnreachable(ssm.reading, ids);
  } catch (error) {
    const reason = `not sent: SSM did not say which instances it manages: ${describeError(error)}`;
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

/** Halves the batch when SSM refuses an id that went bad since it was looked up. */
async function sendAndWait(
  ssm: SsmClients,
  run: CommandRun,
  ids: string[],
): Promise<Map<string, NodeReply>> {
  const sent = await trySend(ssm.sending, run, ids);
  if (sent !== 'invalid-instance') {
    if ('refused' in sent) return replyForAll(ids, sent.refused);
    return awaitReplies(ssm.reading, { ...sent, ids, deadline: run.deadline });
  }
  if (ids.length === 1) {
    const reason =
      'SSM refuses the instance (InvalidInstanceId): it is not running, or its agent is not registered; see whether EC2 shows it as running';
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
        ? { kind: 'failed', reason: `SSM refused the command: ${describeError(error)}` }
        : {
            kind: 'unknown',
            reason: `it is not known whether SSM took the command: ${describeError(error)}`,
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
    { abortSignal: AbortSignal.timeout(Math.max(0, run.deadline.getTime() - Date.now())) },
  );
  if (Command?.CommandId === undefined) throw new Error('SendCommand answered without a CommandId');
  return Command.CommandId;
}
