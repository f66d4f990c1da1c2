/** The outcome: per pod the highest rung reached, thawed → gone from the API, with its proof. */
import * as z from 'zod';
import { cgroupUid, overdueSeconds, type TerminatingPod } from './pod.ts';
import { CAUSES, freezeSchema, processSchema, type Report, type TargetReport } from './report.ts';

export const POD_OUTCOMES = [
  'deleted',
  'thawed',
  'would-thaw',
  'held',
  'not-frozen',
  'unreachable',
  'deferred',
  'in-progress',
  'failed',
  'unknown',
] as const;

export type PodOutcomeKind = (typeof POD_OUTCOMES)[number];

export const podOutcomeSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  node: z.string().optional(),
  instanceId: z.string().optional(),
  overdueSeconds: z.number(),
  outcome: z.enum(POD_OUTCOMES),
  cause: z.enum(CAUSES).optional(),
  holding: z.enum(CAUSES).optional(),
  reason: z.string(),
  /** SSM's id of the command that spoke for this pod. */
  commandId: z.string().optional(),
  freezes: z.array(freezeSchema).default([]),
  tasks: z.looseObject({ exited: z.number().optional(), left: z.number().optional() }).optional(),
  processes: z.array(processSchema).default([]),
  /** From the run's start until its UID was seen to have left the API. */
  secondsToGone: z.number().optional(),
});

const openPodSchema = podOutcomeSchema
  .pick({ namespace: true, name: true, uid: true, node: true, outcome: true, cause: true })
  .extend({ what: z.literal('pod') });
const openProblemSchema = z.object({ what: z.literal('problem'), problem: z.string() });

/** What people were told of and wait to hear the end of, as it was told last. */
export const openSchema = z.discriminatedUnion('what', [openPodSchema, openProblemSchema]);

/** `secondsOpen`: from when it was first told until it was seen to be over. */
const over = { secondsOpen: z.number() };
const resolvedSchema = z.discriminatedUnion('what', [
  openPodSchema.extend(over),
  openProblemSchema.extend(over),
]);

export const outcomeSchema = z.object({
  podthaw: z.literal(1),
  runId: z.string(),
  cluster: z.string(),
  action: z.enum(['check', 'thaw']),
  trigger: z.object({ kind: z.enum(['alarm', 'schedule', 'manual']), name: z.string().optional() }),
  pods: z.array(podOutcomeSchema),
  summary: z.partialRecord(z.enum(POD_OUTCOMES), z.int()),
  /** What kept the run from looking at all, and what to do about it. */
  problem: z.string().optional(),
  /** What was told as open and is over, by a complete listing: a pod's UID is gone, a problem is. */
  resolved: z.array(resolvedSchema).optional(),
  /** How many are resolved, where a message had no room to list them all. */
  resolvedCount: z.int().optional(),
});

export type PodOutcome = z.infer<typeof podOutcomeSchema>;
export type Outcome = z.infer<typeof outcomeSchema>;
export type Open = z.infer<typeof openSchema>;
export type Resolved = z.infer<typeof resolvedSchema>;

/** What one node answered to a command. Only a report carries news of pods. */
export type NodeReply =
  | { kind: 'report'; report: Report; commandId: string }
  | { kind: 'unreachable'; reason: string; commandId?: string }
  | { kind: 'failed'; reason: string }
  /** `busy`: another thaw is at work there, and this command did nothing. */
  | { kind: 'unknown'; reason: string; commandId?: string; busy?: true };

type Judgement = Pick<PodOutcome, 'outcome' | 'reason'> & Partial<PodOutcome>;

/**
 * Judges one pod by its own node's reply and by whether its UID has left the API (`gone`).
 * `SSM Success` counts for nothing: only the report's verdict and the API do.
 */
export function judgePod(pod: TerminatingPod, reply: NodeReply, gone: boolean): Judgement {
  const command = 'commandId' in reply ? { commandId: reply.commandId } : {};
  if (reply.kind !== 'report') {
    if (gone) return { ...command, outcome: 'deleted', reason: `gone; but ${reply.reason}` };
    return { ...command, outcome: reply.kind, reason: reply.reason };
  }
  const uid = cgroupUid(pod);
  const target = reply.report.targets.find((t) => t.target === uid);
  if (target !== undefined) {
    return {
      ...command,
      ...evidence(target),
      ...byVerdict(target, reply.report.action, gone ? 'gone' : left(pod, target)),
    };
  }
  if (reply.report.absent.includes(uid)) return { ...command, ...absent(pod, gone) };
  if (gone) return { ...command, outcome: 'deleted', reason: 'gone; its node left it out' };
  return { ...command, outcome: 'unknown', reason: 'the report leaves this pod out' };
}

/** Judges what a sweep without the API found on an instance: nothing here can be called deleted. */
export function judgeUnnamed(instanceId: string, reply: NodeReply): PodOutcome[] {
  const unnamed = {
    namespace: '',
    name: '',
    instanceId,
    overdueSeconds: 0,
    freezes: [],
    processes: [],
  };
  const command = 'commandId' in reply ? { commandId: reply.commandId } : {};
  if (reply.kind !== 'report') {
    return [{ ...unnamed, ...command, uid: '', outcome: reply.kind, reason: reply.reason }];
  }
  const { action, node, targets } = reply.report;
  return targets.map((target) => ({
    ...unnamed,
    ...command,
    uid: target.target,
    node: node.hostname,
    ...evidence(target),
    ...byVerdict(target, action, 'nobody asked the API whether the pod is gone'),
  }));
}

function evidence(target: TargetReport): Partial<PodOutcome> {
  return {
    cause: target.cause,
    ...(target.holding === undefined ? {} : { holding: target.holding }),
    ...(target.tasks === undefined ? {} : { tasks: target.tasks }),
    freezes: target.freezes,
    processes: target.processes,
  };
}

/** @param rest 'gone' where the API says so, else what the pod still waits for */
function byVerdict(target: TargetReport, action: Report['action'], rest: string): Judgement {
  const because = target.reason ?? target.cause;
  const gone = rest === 'gone';
  switch (target.verdict) {
    case 'thawed':
      return gone
        ? {
            outcome: 'deleted',
            reason: `thawed, and the pod is gone from the API${stragglers(target)}`,
          }
        : {
            outcome: 'thawed',
            reason: `thawed, but ${rest}`,
          };
    case 'not-frozen':
      return gone
        ? { outcome: 'deleted', reason: `gone from the API without a thaw: ${because}` }
        : { outcome: 'not-frozen', reason: because };
    case 'frozen':
      return frozen(target, action, because);
    case 'thaw-failed':
    case 'refrozen':
      return { outcome: 'failed', reason: because };
    case 'unknown':
      return { outcome: 'unknown', reason: because };
    default:
      return target.verdict satisfies never;
  }
}

/** Where freezer.sh leaves a freeze to a person whoever asks: not the pod's own to lift. */
const NOT_OURS: ReadonlySet<string> = new Set(['above-pod', 'outside-pod']);

function frozen(target: TargetReport, action: Report['action'], because: string): Judgement {
  if (action === 'thaw') return { outcome: 'held', reason: `left frozen: ${because}` };
  if (NOT_OURS.has(target.cause))
    return { outcome: 'held', reason: `frozen, a thaw would leave it: ${because}` };
  return { outcome: 'would-thaw', reason: because };
}

function left(pod: TerminatingPod, target: TargetReport): string {
  if (target.tasks?.left) {
    const by = target.holding === undefined ? '' : `, held by ${target.holding}`;
    return `still in the API: ${target.tasks.left} of its tasks are left${by}`;
  }
  if (pod.finalizers.length > 0) {
    return `still in the API: it waits for finalizers ${pod.finalizers.join(', ')}`;
  }
  return 'still in the API: its tasks are gone, the kubelet has not finished';
}

/** A force delete empties the API while tasks may still die on the node: say so. */
function stragglers(target: TargetReport): string {
  const left = target.tasks?.left ?? 0;
  return left === 0 ? '' : `; ${left} of its tasks still ran when the node was last looked at`;
}

function absent(pod: TerminatingPod, gone: boolean): Judgement {
  if (gone) return { outcome: 'deleted', reason: 'gone from the node and from the API' };
  const waitsFor =
    pod.finalizers.length > 0
      ? `finalizers ${pod.finalizers.join(', ')}`
      : 'a volume detach or the kubelet';
  return {
    outcome: 'not-frozen',
    cause: 'no-tasks',
    reason: `nothing of the pod is left on its node; it waits for ${waitsFor}`,
  };
}

/** A pod's name and whereabouts, as every outcome begins. */
export function identify(pod: TerminatingPod, now: Date) {
  return {
    namespace: pod.namespace,
    name: pod.name,
    uid: pod.uid,
    ...(pod.node === undefined ? {} : { node: pod.node }),
    overdueSeconds: overdueSeconds(pod, now),
  };
}

/** How many pods came to each outcome; kinds that did not occur are left out. */
export function summarize(pods: readonly Pick<PodOutcome, 'outcome'>[]): Outcome['summary'] {
  const summary: Outcome['summary'] = {};
  for (const { outcome } of pods) summary[outcome] = (summary[outcome] ?? 0) + 1;
  return summary;
}
