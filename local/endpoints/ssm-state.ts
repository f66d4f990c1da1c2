/** Where one node's invocation of a command stands, in the service's words. */
import { type SsmDocument, stepOf } from './ssm-document.ts';
import type { CannedOutput } from './ssm-instance.ts';
import { cutStream, STDERR_LIMIT, STDOUT_LIMIT } from './ssm-output.ts';

/** Status, StatusDetails and ResponseCode. */
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

export function begin(invocation: Invocation): void {
  const state: Partial<State> = { status: 'InProgress', details: 'InProgress' };
  Object.assign(invocation, state, { startedAt: new Date() });
}

export function finish(
  invocation: Invocation,
  state: State,
  { stdout, stderr = '' }: Omit<CannedOutput, 'exitCode'> = { stdout: '' },
): void {
  Object.assign(invocation, state, {
    stdout: cutStream(stdout, STDOUT_LIMIT),
    stderr: cutStream(stderr, STDERR_LIMIT),
    endedAt: new Date(),
  });
}

/** The end of a script by its exit code. Any 137 is a time-out, whoever exited with it. */
export function stateAfter(exitCode: number): State {
  if (exitCode === 0) return { status: 'Success', details: 'Success', responseCode: 0 };
  if (exitCode === 137) return executionTimedOut;
  return { status: 'Failed', details: 'Failed', responseCode: exitCode };
}

export const executionTimedOut: State = {
  status: 'TimedOut',
  details: 'ExecutionTimedOut',
  responseCode: 137,
};

export const deliveryTimedOut: State = {
  status: 'TimedOut',
  details: 'DeliveryTimedOut',
  responseCode: -1,
};

/** A script that was running has been killed; what had not begun has no exit code. */
export function cancelled({ startedAt }: Invocation): State {
  return { status: 'Cancelled', details: 'Cancelled', responseCode: startedAt ? 137 : -1 };
}

export function neverStarted(
  details: 'Undeliverable' | 'AccessDenied' | 'InvalidPlatform' | 'Terminated',
): State {
  return { status: 'Failed', details, responseCode: -1 };
}

/** What counts against MaxErrors: not the nodes that a command never reached (Run Command statuses). */
export function isError({ details }: State): boolean {
  return details === 'Failed' || details === 'ExecutionTimedOut';
}
