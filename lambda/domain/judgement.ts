/** The judgement on one pod: what its own node reported, and whether its UID has left the API. */
import type { NodeReply, PodOutcome } from './outcome.ts';
import { cgroupUid, type TerminatingPod } from './pod.ts';
import type { Report, TargetReport } from './report.ts';

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

/** What keeps a thawed pod: its tasks, its finalizers, or both. */
function left({ finalizers }: TerminatingPod, { tasks, holding }: TargetReport): string {
  const reasons: string[] = [];
  if (tasks?.left) {
    const by = holding === undefined ? '' : `, held by ${holding}`;
    reasons.push(`${tasks.left} of its tasks are left${by}`);
  }
  if (finalizers.length > 0) reasons.push(`it waits for finalizers ${finalizers.join(', ')}`);
  const why = reasons.join('; ') || 'its tasks are gone, the kubelet has not finished';
  return `still in the API: ${why}`;
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
