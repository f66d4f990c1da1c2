/** The outcome: per pod the highest rung reached, thawed → gone from the API, with its proof. */
import * as z from 'zod';
import { overdueSeconds, type TerminatingPod } from './pod.ts';
import { CAUSES, freezeSchema, processSchema, type Report } from './report.ts';

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
