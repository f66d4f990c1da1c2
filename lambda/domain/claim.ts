/** Claims: which run has which pod, how often it was tried, and what people were told of it. Pure. */
import type * as z from 'zod';
import { type NodeReply, podOutcomeSchema } from './outcome.ts';

/** What the table holds of a pod. */
export interface Claim {
  /** Commands that reached the pod's node. */
  attempts: number;
  /** Until then no run may send a thaw for it; milliseconds since 1970. */
  notBefore: number;
  /** The run that had it last. */
  runId: string | undefined;
  /** What the last attempt came to. */
  last: Judged | undefined;
}

/** What a claim remembers of an outcome. */
export const judgedSchema = podOutcomeSchema.pick({ outcome: true, cause: true, reason: true });
type Judged = z.infer<typeof judgedSchema>;

/** How a claim is given back at a run's end. */
export interface Settlement {
  uid: string;
  /** False where the command never reached the node. */
  attempted: boolean;
  last: Judged;
}

/** After so many commands that did not free it, a pod is a person's. */
export const MAX_ATTEMPTS = 3;
/** A claim outlives its run by this, so that a script that is still at work is not met by another. */
const MARGIN_MS = 60_000;
const PAUSE_MS = 5 * 60_000;

export type ClaimState = 'free' | 'in-progress' | 'used-up';

export function claimState(claim: Claim | undefined, now: Date): ClaimState {
  if (claim === undefined) return 'free';
  if (claim.notBefore > now.getTime()) return 'in-progress';
  return claim.attempts >= MAX_ATTEMPTS ? 'used-up' : 'free';
}

/** When others may have the pod if this run is never heard of again. */
export function claimedUntil(deadline: Date): number {
  return deadline.getTime() + MARGIN_MS;
}

/** When the next attempt may be made after a run has ended. */
export function pausedUntil(now: Date): number {
  return now.getTime() + PAUSE_MS;
}

/** A node that was busy with another thaw did nothing: like a command that was never delivered. */
export function wasAttempted(reply: NodeReply): boolean {
  return reply.kind === 'report' || (reply.kind === 'unknown' && !reply.busy);
}

export function inProgressReason({ runId, notBefore }: Claim): string {
  const due = new Date(notBefore).toISOString().replace(/\.\d+Z$/, 'Z');
  return `run ${runId ?? 'unknown'} has it or has just had it; the next attempt is due after ${due}`;
}

/** What was found on the node stays true; what should have helped and did not, has failed. */
export function usedUp({ attempts, last }: Claim): Judged {
  const tried = `${attempts} commands did not free it, and no more are sent`;
  if (last === undefined) return { outcome: 'failed', reason: `${tried}: look at the node` };
  const settled = last.outcome === 'not-frozen' || last.outcome === 'held';
  return {
    outcome: settled ? last.outcome : 'failed',
    ...(last.cause === undefined ? {} : { cause: last.cause }),
    reason: `${tried}; last: ${last.reason}`,
  };
}
