/** SSM commands: up to 50 instances share one, which carries the union of their pods' UIDs. */
import type { NodeWork } from './plan.ts';
import { cgroupUid, type TerminatingPod } from './pod.ts';
import type { Settings } from './settings.ts';

/** SendCommand's limit. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html */
export const MAX_INSTANCES = 50;
/** UIDs a command: what the document's `Targets` pattern admits. */
export const MAX_TARGETS = 200;
/**
 * UIDs a command where each node has one pod. A report names every UID that is absent from its node,
 * 39 bytes each; beside so many, the findings on one pod (1.0 to 1.4 KB) still fit the 2,500 bytes
 * that SSM's list call returns of each node, and no node has to be asked by itself.
 */
export const LISTED_TARGETS = 25;

export type Action = 'check' | 'thaw';

export interface Command {
  /** The nodes that it goes to and the pods that each one speaks for. */
  work: NodeWork[];
  /** The document's parameters, each a list of one string as SendCommand wants them. */
  parameters: { Action: [Action]; Targets: [string]; Settle: [string]; Wait: [string] };
}

type Windows = Pick<Settings, 'settleSeconds' | 'waitSeconds'>;

/** Groups the plan's work into as few commands as the limits allow; the first begins with the work's first. */
export function makeCommands(
  work: readonly NodeWork[],
  action: Action,
  windows: Windows,
): Command[] {
  const parts = work.flatMap(split);
  const single = pack(parts.filter(isSingle), LISTED_TARGETS);
  const several = pack(
    parts.filter((part) => !isSingle(part)),
    MAX_TARGETS,
  );
  return inOrder([...single, ...several], parts).map((packed) => ({
    work: packed,
    parameters: parameters(action, uidsOf(packed).join(','), windows),
  }));
}

function isSingle({ pods }: NodeWork): boolean {
  return pods.length === 1;
}

/** The plan puts the most overdue node first: its command is the first. */
function inOrder(packs: readonly NodeWork[][], parts: readonly NodeWork[]): NodeWork[][] {
  const at = new Map(parts.map((part, index) => [part, index]));
  const first = ([node]: NodeWork[]) => (node && at.get(node)) ?? parts.length;
  return packs.toSorted((a, b) => first(a) - first(b));
}

/** Commands without the API's word: `--all` thaws only where every task has SIGKILL pending. */
export function makeSweepCommands(
  instanceIds: readonly string[],
  action: Action,
  windows: Windows,
): Command[] {
  const work = [...new Set(instanceIds)].map((id) => ({ node: id, instanceId: id, pods: [] }));
  return pack(work, MAX_TARGETS).map((packed) => ({
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

function pack(work: readonly NodeWork[], maxTargets: number): NodeWork[][] {
  const packed: NodeWork[][] = [];
  for (const node of work) {
    const open = packed.at(-1);
    if (open !== undefined && hasRoom(open, node, maxTargets)) open.push(node);
    else packed.push([node]);
  }
  return packed;
}

function hasRoom(open: readonly NodeWork[], node: NodeWork, maxTargets: number): boolean {
  const targets = open.reduce((sum, { pods }) => sum + pods.length, node.pods.length);
  return open.length < MAX_INSTANCES && targets <= maxTargets;
}

function uidsOf(work: readonly NodeWork[]): string[] {
  return [...new Set(work.flatMap(({ pods }) => pods.map(cgroupUid)))];
}

function chunk(pods: readonly TerminatingPod[], size: number): TerminatingPod[][] {
  const chunks = Math.ceil(pods.length / size);
  return Array.from({ length: chunks }, (_, i) => pods.slice(i * size, (i + 1) * size));
}
