/** Outcomes for the messages' tests: each outcome with the causes that it can have. */
import type { Origin } from '../../../../lambda/domain/message/origin.ts';
import {
  type Outcome,
  type PodOutcome,
  type PodOutcomeKind,
  type Resolved,
  summarize,
} from '../../../../lambda/domain/outcome.ts';
import type { Cause, Freeze } from '../../../../lambda/domain/report.ts';

export const ORIGIN: Origin = {
  partition: 'aws',
  account: '111122223333',
  region: 'eu-central-1',
  at: '2026-11-23T03:04:05.000Z',
  logGroup: '/aws/lambda/podthaw-remediate',
  dashboard: 'podthaw',
  runbookUrl: 'https://wiki.example.com/podthaw/runbook.md',
};

const RUN = '6f1c2d3e-0000-4000-8000-00000000beef';
const COMMAND = 'c0ffee00-1111-4222-8333-444455556666';

const FREEZES: readonly Cause[] = [
  'held-freezing',
  'above-pod',
  'pod',
  'nested',
  'paused',
  'outside-pod',
];
const OTHERS: readonly Cause[] = [
  'nfs',
  'fuse',
  'fsfreeze',
  'block-io',
  'waiting-for-child',
  'zombie',
  'running',
  'no-tasks',
  'unknown',
];
const OWN: readonly Cause[] = ['held-freezing', 'pod', 'nested', 'paused'];

/** The causes with which each outcome occurs; `undefined` where the node was not asked. */
export const CAUSES_OF: { readonly [kind in PodOutcomeKind]: readonly (Cause | undefined)[] } = {
  deleted: [undefined, ...OWN, 'nfs', 'no-tasks'],
  thawed: OWN,
  'would-thaw': OWN,
  held: [undefined, ...FREEZES],
  'not-frozen': OTHERS,
  unreachable: [undefined],
  deferred: [undefined],
  'in-progress': [undefined],
  failed: [undefined, ...OWN],
  unknown: [undefined, 'unknown'],
};

const REASONS: { readonly [kind in PodOutcomeKind]: string } = {
  deleted: 'thawed, and the pod is gone from the API',
  thawed: 'thawed, but still in the API: it waits for finalizers example.com/backup',
  'would-thaw': 'frozen, and nobody asked for a thaw',
  held: 'left alone: label podthaw.dev/hold: "true"',
  'not-frozen': 'no cgroup of the pod is frozen',
  unreachable: 'SSM could not deliver the command: the instance is gone or its agent is down',
  deferred: 'a run thaws on at most 3 nodes; the next run takes this one up',
  'in-progress': 'another run has it',
  failed: 'frozen again within a second of the thaw',
  unknown: "the node's report is cut off or broken (23000 characters)",
};

/** One pod that came to this outcome by this cause, with the evidence it would have. */
export function samplePod(outcome: PodOutcomeKind, cause?: Cause, index = 0): PodOutcome {
  const frozen = cause !== undefined && FREEZES.includes(cause);
  const tried = frozen && ['deleted', 'thawed', 'failed'].includes(outcome);
  return {
    namespace: 'shop',
    name: `cart-${index}`,
    uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    node: `ip-10-0-1-${index % 7}.eu-central-1.compute.internal`,
    instanceId: `i-0123456789abcde${(index % 7).toString(16)}0`,
    overdueSeconds: 312 + index,
    outcome,
    ...(cause === undefined ? {} : { cause }),
    reason: REASONS[outcome],
    ...(cause === undefined ? {} : { commandId: COMMAND }),
    freezes: frozen ? [freezeOf(cause, outcome)] : [],
    ...(tried && outcome === 'deleted' ? { secondsToGone: 14 } : {}),
    ...(tried && outcome !== 'failed' ? { tasks: { exited: 3, left: 0 } } : {}),
    processes: cause === undefined || cause === 'no-tasks' ? [] : [PROCESS],
  };
}

/** A pod that was told as this, and has left since. */
export function goneSample(outcome: PodOutcomeKind, cause?: Cause, index = 0): Resolved {
  const { namespace, name, uid, node } = samplePod(outcome, cause, index);
  return {
    what: 'pod',
    namespace,
    name,
    uid,
    ...(node === undefined ? {} : { node }),
    outcome,
    ...(cause === undefined ? {} : { cause }),
    secondsOpen: 720 + index * 60,
  };
}

/** A problem that was told, and is over. */
export const PAST_PROBLEM: Resolved = {
  what: 'problem',
  problem: 'The Kubernetes API of cluster prod refuses podthaw (403 Forbidden).',
  secondsOpen: 2_460,
};

/** The outcome of a sweep that found this to be over, beside these pods. */
export function resolvedOutcome(resolved: Resolved[], pods: PodOutcome[] = []): Outcome {
  const trigger = { kind: 'schedule' as const };
  return sampleOutcome(pods, { trigger, resolved, resolvedCount: resolved.length });
}

const PROCESS: PodOutcome['processes'][number] = {
  pid: 412,
  tid: 412,
  comm: 'sleep',
  state: 'D',
  wchan: 'hrtimer_nanosleep',
  pending: ['KILL', 'TERM'],
  stack: ['__refrigerator', 'get_signal'],
};

function freezeOf(cause: Cause, outcome: PodOutcomeKind): Freeze {
  const levels = { 'above-pod': 'above-pod', pod: 'pod', nested: 'nested' } as const;
  const outside = cause === 'outside-pod' ? 'outside-pod' : 'container';
  const lifted = outcome === 'deleted' || outcome === 'thawed';
  return {
    hierarchy: 'v1',
    path: '/kubepods/burstable/pod0000/c0ffeec0ffee',
    level: Object.hasOwn(levels, cause) ? levels[cause as keyof typeof levels] : outside,
    container: 'c0ffeec0ffeec0ffee',
    before: cause === 'held-freezing' ? 'FREEZING' : 'FROZEN',
    after: lifted ? 'THAWED' : 'FROZEN',
    action: lifted ? 'thawed' : outcome === 'failed' ? 'failed' : 'left',
    since: 11_400,
  };
}

/** The outcome of a run over these pods. */
export function sampleOutcome(pods: PodOutcome[], more: Partial<Outcome> = {}): Outcome {
  return {
    podthaw: 1,
    runId: RUN,
    cluster: 'prod',
    action: 'thaw',
    trigger: { kind: 'alarm', name: 'podthaw-stuck-pods-prod' },
    pods,
    summary: summarize(pods),
    ...more,
  };
}
