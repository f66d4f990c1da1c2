/** The confirmation: is the pod gone from the API? And what that makes of the pod and of its claim. */
import { type Settlement, wasAttempted } from './domain/claim.ts';
import { judgePod } from './domain/judgement.ts';
import { identify, type NodeReply, type PodOutcome } from './domain/outcome.ts';
import { cgroupUid, type TerminatingPod } from './domain/pod.ts';
import { type Ports, performed, type RunContext } from './run.ts';

/** A pod and what is known of it at the end of its command, or why it was not sent. */
export type Answered = {
  pod: TerminatingPod;
  instanceId: string;
  /** Whether this run holds the pod's claim. */
  claimed: boolean;
} & ({ reply: NodeReply } | { notSent: Pick<PodOutcome, 'outcome' | 'reason'> });

/** Looks for the pods' UIDs in the API: until the thawed ones are gone or the time is up. */
export async function confirm(
  answered: readonly Answered[],
  context: RunContext,
  ports: Ports,
): Promise<PodOutcome[]> {
  const { gone, doubt } =
    performed(context) === 'thaw'
      ? await lookForGone(answered, context, ports)
      : { gone: new Map<string, Date>(), doubt: '' };
  const now = ports.now();
  return answered.map((one) => {
    const goneAt = gone.get(one.pod.uid);
    const judged =
      'reply' in one ? judgePod(one.pod, one.reply, goneAt !== undefined) : one.notSent;
    return {
      ...identify(one.pod, now),
      instanceId: one.instanceId,
      freezes: [],
      processes: [],
      ...judged,
      ...(goneAt === undefined ? {} : { secondsToGone: secondsBetween(context.startedAt, goneAt) }),
      reason: judged.reason + (judged.outcome === 'thawed' ? doubt : ''),
    };
  });
}

/** An API that cannot be asked proves nothing: the thaw stands, the pod counts as not gone. */
async function lookForGone(answered: readonly Answered[], context: RunContext, ports: Ports) {
  const sent = answered.filter((one) => 'reply' in one);
  const podsOf = (some: readonly Answered[]) => some.map(({ pod }) => pod);
  const confirmMs = context.settings.confirmSeconds * 1000;
  const until = Math.min(context.deadline.getTime(), ports.now().getTime() + confirmMs);
  const thawed = await ports.awaitGone(podsOf(sent.filter(wasThawed)), new Date(until));
  // The others are looked for once: nothing was done that could free them.
  const others = await ports.awaitGone(podsOf(sent.filter((one) => !wasThawed(one))), ports.now());
  const { trouble } = thawed;
  return {
    gone: new Map([...thawed.gone, ...others.gone]),
    doubt: trouble === undefined ? '' : `; the API could not be asked again: ${trouble}`,
  };
}

function wasThawed(one: Answered): boolean {
  if (!('reply' in one) || one.reply.kind !== 'report') return false;
  const target = one.reply.report.targets.find(({ target: uid }) => uid === cgroupUid(one.pod));
  return target?.verdict === 'thawed';
}

/** A UID that is gone never comes back: its claim runs out by itself, and costs no write. */
export function settlementsOf(
  answered: readonly Answered[],
  judged: readonly PodOutcome[],
): Settlement[] {
  return answered.flatMap((one, at) => {
    const last = judged[at];
    if (!one.claimed || last === undefined || last.outcome === 'deleted') return [];
    const { outcome, cause, reason } = last;
    return [
      {
        uid: one.pod.uid,
        attempted: 'reply' in one && wasAttempted(one.reply),
        last: { outcome, reason, ...(cause === undefined ? {} : { cause }) },
      },
    ];
  });
}

function secondsBetween(from: Date, to: Date): number {
  return Math.round((to.getTime() - from.getTime()) / 1000);
}
