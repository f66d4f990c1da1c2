/** One command on one node: from Pending to its end, by what the node is told to do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { runScript } from './ssm-agent.ts';
import {
  handOver,
  type ParameterValues,
  type Placeholders,
  type SsmDocument,
  stepOf,
  timeoutOf,
} from './ssm-document.ts';
import { cutStream, STDERR_LIMIT, STDOUT_LIMIT } from './ssm-output.ts';

export type CannedOutput = { stdout: string; stderr?: string; exitCode?: number };

/** What a canned answer may depend on. */
export type Given = { commandId: string; instanceId: string; parameters: ParameterValues };

export type Behaviour =
  /** Runs the document's script on this host. */
  | { kind: 'run' }
  /** Answers without running anything. */
  | { kind: 'canned'; output: CannedOutput | ((given: Given) => CannedOutput) }
  /** Never starts; ends at once with this as StatusDetails. */
  | { kind: 'undeliverable' | 'accessDenied' | 'invalidPlatform' }
  /** Never starts; ends when SendCommand's TimeoutSeconds are over. */
  | { kind: 'deliveryTimedOut' }
  /** Starts, and is killed by its time limit. */
  | { kind: 'executionTimedOut' }
  /** Registered, but SendCommand refuses the whole call with InvalidInstanceId. */
  | { kind: 'notInValidState' };

export type ManagedInstance = {
  instanceId: string;
  /** Default `Online`. With `ConnectionLost` and no behaviour given: `deliveryTimedOut`. */
  pingStatus?: 'Online' | 'ConnectionLost' | 'Inactive';
  /** Default `Linux`. */
  platformType?: 'Linux' | 'Windows' | 'MacOS';
  /** Default 3.3.3572.0, which exports ENV_VAR parameters; before 3.3.2746.0 they are pasted. */
  agentVersion?: string;
  /** Default `kept`; see `handOver`. */
  placeholders?: Placeholders;
  behaviour?: Behaviour;
  /** Time until the script starts, or until the behaviour's end. For `deliveryTimedOut` it replaces
   * TimeoutSeconds. Default 0. */
  latencyMs?: number;
};

/** Status, StatusDetails and ResponseCode as the service words them. */
export type State = {
  status: 'Pending' | 'InProgress' | 'Success' | 'Cancelled' | 'TimedOut' | 'Failed';
  details:
    | 'Pending'
    | 'InProgress'
    | 'Success'
    | 'Failed'
    | 'Cancelled'
    | 'DeliveryTimedOut'
    | 'ExecutionTimedOut'
    | 'Undeliverable'
    | 'AccessDenied'
    | 'InvalidPlatform'
    | 'Terminated';
  /** -1 until the script has ended; for ever where it never started. */
  responseCode: number;
};

export type Invocation = State & {
  commandId: string;
  instanceId: string;
  stepName: string;
  stdout: string;
  stderr: string;
  requestedAt: Date;
  startedAt: Date | undefined;
  endedAt: Date | undefined;
};

/** What an invocation is carried out with. */
export type Order = {
  document: SsmDocument;
  parameters: ParameterValues;
  deliverySeconds: number;
  /** Added to the environment of scripts that run here. */
  environment: Record<string, string>;
  signal: AbortSignal;
};

export function pendingInvocation(
  commandId: string,
  instanceId: string,
  document: SsmDocument,
): Invocation {
  return {
    commandId,
    instanceId,
    stepName: stepOf(document).name,
    status: 'Pending',
    details: 'Pending',
    responseCode: -1,
    stdout: '',
    stderr: '',
    requestedAt: new Date(),
    startedAt: undefined,
    endedAt: undefined,
  };
}

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
    else finish(invocation, failed(1), { stdout: '', stderr: String(cause) });
  }
}

/** The system's own end for what was never sent, after MaxErrors was exceeded. */
export function terminate(invocation: Invocation): void {
  finish(invocation, { status: 'Failed', details: 'Terminated', responseCode: -1 });
}

async function behave(
  invocation: Invocation,
  instance: ManagedInstance,
  order: Order,
): Promise<void> {
  const behaviour = behaviourOf(instance);
  const latency = instance.latencyMs ?? 0;
  switch (behaviour.kind) {
    case 'run':
      await sleep(latency, undefined, { signal: order.signal });
      return runHere(invocation, instance, order);
    case 'canned': {
      begin(invocation);
      await sleep(latency, undefined, { signal: order.signal });
      const { output } = behaviour;
      const given = { ...invocation, parameters: order.parameters };
      const { exitCode = 0, ...streams } = typeof output === 'function' ? output(given) : output;
      return finish(invocation, ended(exitCode), streams);
    }
    case 'executionTimedOut':
      begin(invocation);
      await sleep(latency, undefined, { signal: order.signal });
      return finish(invocation, timedOut('ExecutionTimedOut', 137));
    case 'deliveryTimedOut': {
      const wait = instance.latencyMs ?? order.deliverySeconds * 1000;
      await sleep(wait, undefined, { signal: order.signal, ref: false });
      return finish(invocation, timedOut('DeliveryTimedOut', -1));
    }
    case 'undeliverable':
    case 'accessDenied':
    case 'invalidPlatform':
    case 'notInValidState':
      await sleep(latency, undefined, { signal: order.signal });
      return finish(invocation, neverStarted[behaviour.kind]);
    default:
      return behaviour satisfies never;
  }
}

async function runHere(
  invocation: Invocation,
  instance: ManagedInstance,
  order: Order,
): Promise<void> {
  begin(invocation);
  const { script, environment } = handOver(
    order.document,
    order.parameters,
    instance.agentVersion ?? DEFAULT_AGENT,
    instance.placeholders ?? 'kept',
  );
  const end = await runScript({
    script,
    environment: {
      AWS_SSM_INSTANCE_ID: instance.instanceId,
      AWS_SSM_REGION_NAME: 'eu-central-1',
      SSM_COMMAND_ID: invocation.commandId,
      ...environment,
      ...order.environment,
    },
    timeoutSeconds: timeoutOf(order.document),
    signal: order.signal,
  });
  const state = end.stopped === 'cancelled' ? cancelled(invocation, 137) : ended(end.exitCode);
  const stderr = state.status === 'Failed' ? end.stderr + failureNote(end.exitCode) : end.stderr;
  finish(invocation, state, { stdout: end.stdout, stderr });
}

export const DEFAULT_AGENT = '3.3.3572.0';

export function behaviourOf(instance: ManagedInstance): Behaviour {
  const lost = instance.pingStatus !== undefined && instance.pingStatus !== 'Online';
  return instance.behaviour ?? (lost ? { kind: 'deliveryTimedOut' } : { kind: 'run' });
}

const neverStarted = {
  undeliverable: { status: 'Failed', details: 'Undeliverable', responseCode: -1 },
  accessDenied: { status: 'Failed', details: 'AccessDenied', responseCode: -1 },
  invalidPlatform: { status: 'Failed', details: 'InvalidPlatform', responseCode: -1 },
  notInValidState: { status: 'Failed', details: 'Undeliverable', responseCode: -1 },
} as const satisfies Record<string, State>;

/** Any 137 counts as a time-out, whoever exited with it; 194 asks for a reboot (pluginutil_unix.go). */
function ended(exitCode: number): State {
  if (exitCode === 0) return { status: 'Success', details: 'Success', responseCode: 0 };
  if (exitCode === 137) return timedOut('ExecutionTimedOut', 137);
  return failed(exitCode);
}

function failed(responseCode: number): State {
  return { status: 'Failed', details: 'Failed', responseCode };
}

function timedOut(details: 'DeliveryTimedOut' | 'ExecutionTimedOut', responseCode: number): State {
  return { status: 'TimedOut', details, responseCode };
}

function cancelled(invocation: Invocation, started = 1): State {
  const responseCode = invocation.startedAt ? started : -1;
  return { status: 'Cancelled', details: 'Cancelled', responseCode };
}

/** The agent adds its own line to the stderr of a script that failed. */
function failureNote(exitCode: number): string {
  return `failed to run commands: ${exitCode < 0 ? 'signal: killed' : `exit status ${exitCode}`}`;
}

function begin(invocation: Invocation): void {
  invocation.startedAt = new Date();
  Object.assign(invocation, {
    status: 'InProgress',
    details: 'InProgress',
  } satisfies Partial<State>);
}

function finish(
  invocation: Invocation,
  state: State,
  { stdout, stderr }: { stdout: string; stderr?: string } = { stdout: '' },
): void {
  Object.assign(invocation, state);
  invocation.stdout = cutStream(stdout, STDOUT_LIMIT);
  invocation.stderr = cutStream(stderr ?? '', STDERR_LIMIT);
  invocation.endedAt = new Date();
}
