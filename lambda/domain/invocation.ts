/** One node's command invocation, judged by itself: a command's "Success" can hide nodes that failed. */
import type { NodeReply } from './outcome.ts';
import { parseReport } from './report.ts';

export interface Invocation {
  instanceId: string;
  /** StatusDetails, https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html */
  statusDetails: string;
  /** The script's exit code; -1 while it has not started, or never did. */
  responseCode: number;
  stdout: string;
  stderr: string;
}

const PENDING: ReadonlySet<string> = new Set(['Pending', 'InProgress', 'Delayed', 'Cancelling']);

export function isFinished({ statusDetails }: Pick<Invocation, 'statusDetails'>): boolean {
  return !PENDING.has(statusDetails.replaceAll(' ', ''));
}

/** Statuses of commands that never ran on the node, and what a person should look at. */
const NOT_DELIVERED: { readonly [status: string]: string } = {
  DeliveryTimedOut:
    'the agent did not pick the command up in time: the node may be down or wedged; restart amazon-ssm-agent on it, or replace the node',
  Undeliverable:
    'SSM could not deliver the command: the instance is gone or its agent is down; see whether EC2 shows it as running',
  Terminated:
    'the command was ended before it reached the node: see in SSM which nodes of it failed first',
  InvalidPlatform: 'the document does not run on this platform: only Linux nodes have the freezer',
  AccessDenied:
    'SSM was denied access to the instance: check its instance profile (AmazonSSMManagedInstanceCore)',
  NoInstancesInTag: 'no instance matched',
};
const NEVER_STARTED = -1;

/** Reads a finished invocation: a report, out of reach, or unknown; never a guess. */
export function readInvocation(invocation: Invocation, commandId: string): NodeReply {
  const status = invocation.statusDetails.replaceAll(' ', '');
  const undelivered = whyUndelivered(status, invocation.responseCode);
  if (undelivered !== undefined) {
    return { kind: 'unreachable', reason: `${undelivered} (SSM: ${status})`, commandId };
  }
  if (status === 'Success' && invocation.responseCode === 0) {
    const parsed = parseReport(invocation.stdout);
    if (parsed.ok) return { kind: 'report', report: parsed.report, commandId };
    return { kind: 'unknown', reason: parsed.reason, commandId };
  }
  const reason = failure(invocation, status);
  return { kind: 'unknown', reason, commandId, ...(isBusy(invocation) ? { busy: true } : {}) };
}

function whyUndelivered(status: string, responseCode: number): string | undefined {
  if (status === 'Cancelled' && responseCode === NEVER_STARTED) {
    return 'the command was cancelled before it began on the node; the next run sends it again';
  }
  return Object.hasOwn(NOT_DELIVERED, status) ? NOT_DELIVERED[status] : undefined;
}

/** freezer.sh could not get the node's lock within its time, and has done nothing. */
function isBusy({ responseCode, stderr }: Invocation): boolean {
  return responseCode === 3 && /^(freezer\.sh: )?busy\b/.test(lastLine(stderr));
}

function failure({ responseCode, stderr }: Invocation, status: string): string {
  const said = lastLine(stderr);
  const words = said === '' ? '' : `: ${said}`;
  switch (true) {
    case status === 'ExecutionTimedOut' || status === 'TimedOut':
      return 'the script was still running when SSM ended it after its time limit: look on the node';
    case status === 'Cancelled':
      return 'somebody cancelled the command while the script ran: look on the node (SSM: Cancelled)';
    case responseCode === 3:
      return `the node cannot be examined${words}`;
    case responseCode === 2:
      return `freezer.sh refused its arguments${words}: the document and the function may be of different versions`;
    default:
      return `SSM says ${status}, exit code ${responseCode}${words}`;
  }
}

/** The script's last word; the agent adds a line of its own, "failed to run commands: …". */
function lastLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  const said = lines.filter((line) => line !== '' && !line.startsWith('failed to run commands:'));
  return said.at(-1)?.slice(0, 300) ?? '';
}
