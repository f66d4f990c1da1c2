/** From the plan's work to judged pods: claim, ask again, send, confirm, give the claims back. */
import pMap from 'p-map';
import { COMMANDS_AT_ONCE, hasTimeFor } from './command-budget.ts';
import { type Answered, confirm, settlementsOf } from './confirmation.ts';
import { type Command, makeCommands } from './domain/command.ts';
import type { NodeReply, PodOutcome } from './domain/outcome.ts';
import type { NodeWork } from './domain/plan.ts';
import type { TerminatingPod } from './domain/pod.ts';
import { type Ports, performed, type RunContext } from './run.ts';

/** Sends the work and judges every pod of it, exactly once each. */
export async function carryOut(
  work: readonly NodeWork[],
  context: RunContext,
  ports: Ports,
): Promise<PodOutcome[]> {
  const commands = makeCommands(work, performed(context), context.settings);
  const lead = await takeLead(commands, context, ports);
  const answered =
    lead === 'lost'
      ? notSent(work, false, takenMeanwhile)
      : await answerAll(commands, lead.uid, context, ports);
  const judged = await confirm(answered, context, ports);
  const settlements = settlementsOf(answered, judged);
  if (settlements.length > 0) await ports.claims.settle(settlements);
  return judged;
}

/**
 * Plans made at the same time begin with the same pod: whose run claims that one does the work,
 * and the others leave it all. So a hundred copies of one event make one run and one message.
 */
async function takeLead(
  commands: readonly Command[],
  context: RunContext,
  ports: Ports,
): Promise<{ uid: string | undefined } | 'lost'> {
  const uid = commands[0]?.work[0]?.pods[0]?.uid;
  const none = { uid: undefined };
  if (uid === undefined || performed(context) === 'check') return none;
  if (!hasTimeFor(context, ports.now())) return none;
  const taken = await ports.claims.take([uid]);
  return taken.has(uid) ? { uid } : 'lost';
}

async function answerAll(
  commands: readonly Command[],
  lead: string | undefined,
  context: RunContext,
  ports: Ports,
): Promise<Answered[]> {
  const answers = await pMap(commands, (command) => answer(command, lead, context, ports), {
    concurrency: COMMANDS_AT_ONCE,
  });
  return answers.flat();
}

/** Each pod of one command: not sent, and why, or what its own node replied. Never rejects. */
async function answer(
  command: Command,
  lead: string | undefined,
  context: RunContext,
  ports: Ports,
): Promise<Answered[]> {
  if (!hasTimeFor(context, ports.now())) return notSent(command.work, false, outOfTime);
  try {
    const { taken, others } = await claim(command.work, lead, context, ports);
    const claimed = performed(context) === 'thaw';
    const sent = await askAndSend(taken, claimed, context, ports);
    return [...notSent(others, false, takenMeanwhile), ...sent];
  } catch (error) {
    // Some may have been taken: those are given back, and settling the others does nothing.
    return notSent(command.work, true, unasked('the claims', error));
  }
}

/** Unknown is no reason to act: where the API cannot be asked again, nothing is sent. */
async function askAndSend(
  work: readonly NodeWork[],
  claimed: boolean,
  context: RunContext,
  ports: Ports,
): Promise<Answered[]> {
  try {
    const { still, gone } = await askAgain(work, ports);
    const commands = makeCommands(still, performed(context), context.settings);
    const sent = await pMap(commands, (command) => send(command, claimed, context, ports));
    return [...notSent(gone, claimed, goneBefore), ...sent.flat()];
  } catch (error) {
    return notSent(work, claimed, unasked('the Kubernetes API', error));
  }
}

function unasked(whom: string, error: unknown) {
  const why = error instanceof Error ? error.message : String(error);
  return { outcome: 'unknown', reason: `not sent: ${whom} could not be asked: ${why}` } as const;
}

const outOfTime = {
  outcome: 'deferred',
  reason: 'the run had no time left for it; the next one takes it up',
} as const;
const takenMeanwhile = {
  outcome: 'in-progress',
  reason: 'another run took it a moment ago',
} as const;
const goneBefore = {
  outcome: 'deleted',
  reason: 'gone from the API before anything was sent',
} as const;

/** A check claims nothing, and waits for nobody. */
async function claim(
  work: readonly NodeWork[],
  lead: string | undefined,
  context: RunContext,
  ports: Ports,
) {
  if (performed(context) === 'check') return { taken: work, others: [] };
  const uids = await ports.claims.take(uidsOf(work).filter((uid) => uid !== lead));
  const [taken, others] = part(work, ({ uid }) => uid === lead || uids.has(uid));
  return { taken, others };
}

/** Just before the command: a pod whose UID has left the API is not sent, nor its successor. */
async function askAgain(work: readonly NodeWork[], ports: Ports) {
  const uids = await ports.stillTerminating(work.flatMap(({ pods }) => pods));
  const [still, gone] = part(work, ({ uid }) => uids.has(uid));
  return { still, gone };
}

/** Only the pod's own node speaks for it, whatever else the command carried. */
async function send(
  command: Command,
  claimed: boolean,
  context: RunContext,
  ports: Ports,
): Promise<Answered[]> {
  const replies = await ports.runCommand(command, context);
  return command.work.flatMap(({ instanceId, pods }) => {
    const none: NodeReply = { kind: 'unknown', reason: 'SSM lists no answer of this node' };
    const reply = replies.get(instanceId) ?? none;
    return pods.map((pod) => ({ pod, instanceId, claimed, reply }));
  });
}

function notSent(
  work: readonly NodeWork[],
  claimed: boolean,
  why: Pick<PodOutcome, 'outcome' | 'reason'>,
): Answered[] {
  return work.flatMap(({ instanceId, pods }) =>
    pods.map((pod) => ({ pod, instanceId, claimed, notSent: why })),
  );
}

/** Splits the work by its pods; nodes without any on one side are left out there. */
function part(work: readonly NodeWork[], wanted: (pod: TerminatingPod) => boolean) {
  const side = (test: (pod: TerminatingPod) => boolean) =>
    work
      .map((node) => ({ ...node, pods: node.pods.filter(test) }))
      .filter(({ pods }) => pods.length > 0);
  return [side(wanted), side((pod) => !wanted(pod))] as const;
}

function uidsOf(work: readonly NodeWork[]): string[] {
  return work.flatMap(({ pods }) => pods.map(({ uid }) => uid));
}
