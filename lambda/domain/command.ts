/** SSM commands: up to 50 instances share one, which carries the union of their pods' UIDs. */
import type { NodeWork } from './plan.ts';
import { cgroupUid, type TerminatingPod } from './pod.ts';
import type { Settings } from './settings.ts';

/** SendCommand's limit. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html */
export const MAX_INSTANCES = 50;
/** UIDs a command: what the document's `Targets` pattern admits. */
export const MAX_TARGETS = 200;

export type Action = 'check' | 'thaw';

export interface Command {
  /** The nodes that it goes to and the pods that each one speaks for. */
  work: NodeWork[];
  /** The document's parameters, each a list of one string as SendCommand wants them. */
  parameters: { Action: [Action]; Targets: [string]; Settle: [string]; Wait: [string] };
}

type Windows = Pick<Settings, 'settleSeconds' | 'waitSeconds'>;

/** Groups the plan's work into as few commands as the limits allow. */
export function makeCommands(
  work: readonly NodeWork[],
  action: Action,
  windows: Windows,
): Command[] {
  return pack(work.flatMap(split)).map((packed) => ({
    work: packed,
    parameters: parameters(action, uidsOf(packed).join(','), windows),
  }));
}

/** Commands without the API's word: `--all` thaws only where every task has SIGKILL pending. */
export function makeSweepCommands(
  instanceIds: readonly string[],
  action: Action,
  windows: Windows,
): Command[] {
  const work = [...new Set(instanceIds)].map((id) => ({ node: id, instanceId: id, pods: [] }));
  return pack(work).map((packed) => ({
    work: packed,
    parameters: parameters(action, '--all', windows),
  }));
}

function parameters(action: Action, targets: string, windows: Windows): Command['parameters'] {
  return {
    Action: [action],
    Targets: [targets],
    Settle: [String(windows.settleSeconds)],
    Wait: [String(windows.waitSeconds)],
  };
}

/** A node with more pods than one command carries is asked in several. */
function split({ pods, ...node }: NodeWork): NodeWork[] {
  return chunk(pods, MAX_TARGETS).map((part) => ({ ...node, pods: part }));
}

function pack(work: readonly NodeWork[]): NodeWork[][] {
  const packed: NodeWork[][] = [];
  for (const node of work) {
    const open = packed.at(-1);
    if (open !== undefined && hasRoom(open, node)) open.push(node);
    else packed.push([node]);
  }
  return packed;
}

function hasRoom(open: readonly NodeWork[], node: NodeWork): boolean {
  const targets = open.reduce((sum, { pods }) => sum + pods.length, node.pods.length);
  return open.length < MAX_INSTANCES && targets <= MAX_TARGETS;
}

function uidsOf(work: readonly NodeWork[]): string[] {
  return [...new Set(work.flatMap(({ pods }) => pods.map(cgroupUid)))];
}

function chunk(pods: readonly TerminatingPod[], size: number): TerminatingPod[][] {
  const chunks = Math.ceil(pods.length / size);
  return Array.from({ length: chunks }, (_, i) => pods.slice(i * size, (i + 1) * size));
}
