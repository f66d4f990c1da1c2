/** One command on one node: from Pending to its end, by what the node is told to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { runScript } from './ssm-agent.ts';
import { handOver, type ParameterValues, type SsmDocument, timeoutOf } from './ssm-document.ts';
import { behaviourOf, DEFAULT_AGENT, type ManagedInstance } from './ssm-instance.ts';
import {
  begin,
  cancelled,
  deliveryTimedOut,
  executionTimedOut,
  finish,
  type Invocation,
  neverStarted,
  stateAfter,
} from './ssm-state.ts';

export type { ManagedInstance } from './ssm-instance.ts';

/** What an invocation is carried out with. */
export type Order = {
  document: SsmDocument;
  parameters: ParameterValues;
  deliverySeconds: number;
  /** Added to the environment of scripts that run here. */
  environment: Record<string, string>;
  signal: AbortSignal;
};

/** Carries the invocation out, changing it in place. Never rejects: a fault here is a Failed there. */
export async function carryOut(
  invocation: Invocation,
  instance: ManagedInstance,
  order: Order,
): Promise<void> {
  try {
    await behave(invocation, instance, order);
  } catch (cause) {
    if (order.signal.aborted) finish(invocation, cancelled(invocation));
    else finish(invocation, stateAfter(1), { stdout: '', stderr: String(cause) });
  }
}

async function behave(
  invocation: Invocation,
  instance: ManagedInstance,
  order: Order,
): Promise<void> {
  const behaviour = behaviourOf(instance);
  const pause = (ms = instance.latencyMs ?? 0) => sleep(ms, undefined, { signal: order.signal });
  switch (behaviour.kind) {
    case 'run':
      await pause();
      return runHere(invocation, instance, order);
    case 'canned': {
      begin(invocation);
      await pause();
      const { output } = behaviour;
      const given = { ...invocation, parameters: order.parameters };
      const { exitCode = 0, ...streams } = typeof output === 'function' ? output(given) : output;
      return finish(invocation, stateAfter(exitCode), streams);
    }
    case 'executionTimedOut':
      begin(invocation);
      await pause();
      return finish(invocation, executionTimedOut);
    case 'deliveryTimedOut':
      await pause(instance.latencyMs ?? order.deliverySeconds * 1000);
      return finish(invocation, deliveryTimedOut);
    case 'accessDenied':
      await pause();
      return finish(invocation, neverStarted('AccessDenied'));
    case 'terminated':
      await pause();
      return finish(invocation, neverStarted('Terminated'));
    case 'cancelled':
      begin(invocation);
      await pause();
      return finish(invocation, cancelled(invocation));
    case 'invalidPlatform':
      await pause();
      return finish(invocation, neverStarted('InvalidPlatform'));
    // SendCommand refuses `notInValidState`: here it became so after the command was accepted.
    case 'undeliverable':
    case 'notInValidState':
      await pause();
      return finish(invocation, neverStarted('Undeliverable'));
    default:
      return behaviour satisfies never;
  }
}

async function runHere(
  invocation: Invocation,
  instance: ManagedInstance,
  order: Order,
): Promise<void> {
  const { agentVersion = DEFAULT_AGENT, placeholders = 'kept' } = instance;
  const { document, parameters, signal } = order;
  const { script, environment } = handOver(document, parameters, agentVersion, placeholders);
  begin(invocation);
  const end = await runScript({
    script,
    environment: {
      AWS_SSM_INSTANCE_ID: instance.instanceId,
      AWS_SSM_REGION_NAME: 'eu-central-1',
      SSM_COMMAND_ID: invocation.commandId,
      ...environment,
      ...order.environment,
    },
    timeoutSeconds: timeoutOf(document),
    signal,
  });
  const state = end.stopped === 'cancelled' ? cancelled(invocation) : stateAfter(end.exitCode);
  const note = state.status === 'Failed' ? failureNote(end.exitCode) : '';
  finish(invocation, state, { stdout: end.stdout, stderr: end.stderr + note });
}

/** The agent adds its own line to the stderr of a script that failed. */
function failureNote(exitCode: number): string {
  return `failed to run commands: ${exitCode < 0 ? 'signal: killed' : `exit status ${exitCode}`}`;
}
