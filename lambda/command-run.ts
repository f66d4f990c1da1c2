/** From the plan's work to judged pods: ask again, send, confirm. */
import pMap from 'p-map';
import { type Command, makeCommands } from './domain/command.ts';
import { identify, judgePod, type NodeReply, type PodOutcome } from './domain/outcome.ts';
import type { NodeWork } from './domain/plan.ts';
import { cgroupUid, type TerminatingPod } from './domain/pod.ts';
import { type Ports, performed, type RunContext } from './run.ts';

/** Commands under way at once: well under SendCommand's and GetCommandInvocation's rates. */
const CONCURRENCY = 5;

interface Answered {
  pod: TerminatingPod;
  work: NodeWork;
  reply: NodeReply;
}

/** Sends the work and judges every pod of it, exactly once each. */
export async function carryOut(
  planned: readonly NodeWork[],
  context: RunContext,
  ports: Ports,
): Promise<PodOutcome[]> {
  const { work, gone } = await askAgain(planned, ports);
  const commands = makeCommands(work, performed(context), context.settings);
  const answers = await pMap(commands, (command) => answer(command, context, ports), {
    concurrency: CONCURRENCY,
  });
  return [...gone, ...(await confirm(answers.flat(), context, ports))];
}

/** Just before the command: a pod whose UID has left the API is not sent, nor its successor. */
async function askAgain(planned: readonly NodeWork[], ports: Ports) {
  const still = new Set(await ports.stillTerminating(planned.flatMap(({ pods }) => pods)));
  const now = ports.now();
  const gone = planned.flatMap(({ pods, instanceId }) =>
    pods.filter((pod) => !still.has(pod)).map((pod) => goneBefore(pod, instanceId, now)),
  );
  const work = planned
    .map((node) => ({ ...node, pods: node.pods.filter((pod) => still.has(pod)) }))
    .filter(({ pods }) => pods.length > 0);
  return { work, gone };
}

function goneBefore(pod: TerminatingPod, instanceId: string, now: Date): PodOutcome {
  const reason = 'gone from the API before anything was sent';
  return {
    ...identify(pod, now),
    instanceId,
    outcome: 'deleted',
    reason,
    freezes: [],
    processes: [],
  };
}

/** Only the pod's own node speaks for it, whatever else the command carried. */
async function answer(command: Command, context: RunContext, ports: Ports): Promise<Answered[]> {
  const replies = await ports.runCommand(command, context);
  return command.work.flatMap((work) => {
    const none: NodeReply = { kind: 'unknown', reason: 'SSM lists no answer of this node' };
    const reply = replies.get(work.instanceId) ?? none;
    return work.pods.map((pod) => ({ pod, work, reply }));
  });
}

/** Looks for the pods' UIDs in the API: until the thawed ones are gone or the time is up. */
async function confirm(
  answered: readonly Answered[],
  context: RunContext,
  ports: Ports,
): Promise<PodOutcome[]> {
  const { gone, doubt } =
    performed(context) === 'thaw'
      ? await lookForGone(answered, context, ports)
      : { gone: new Set<string>(), doubt: '' };
  const now = ports.now();
  return answered.map(({ pod, work, reply }) => {
    const judged = judgePod(pod, reply, gone.has(pod.uid));
    return {
      ...identify(pod, now),
      instanceId: work.instanceId,
      freezes: [],
      processes: [],
      ...judged,
      reason: judged.reason + (judged.outcome === 'thawed' ? doubt : ''),
    };
  });
}

/** An API that cannot be asked proves nothing: the thaw stands, the pod counts as not gone. */
async function lookForGone(answered: readonly Answered[], context: RunContext, ports: Ports) {
  const gone = new Set<string>();
  const thawed = answered.filter(wasThawed).map(({ pod }) => pod);
  const others = answered.filter((a) => !wasThawed(a)).map(({ pod }) => pod);
  const confirmMs = context.settings.confirmSeconds * 1000;
  const until = Math.min(context.deadline.getTime(), ports.now().getTime() + confirmMs);
  try {
    for (const uid of await ports.awaitGone(thawed, new Date(until))) gone.add(uid);
    const still = new Set(await ports.stillTerminating(others));
    for (const pod of others) if (!still.has(pod)) gone.add(pod.uid);
    return { gone, doubt: '' };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { gone, doubt: `; the API could not be asked again: ${why}` };
  }
}

function wasThawed({ pod, reply }: Answered): boolean {
  if (reply.kind !== 'report') return false;
  const target = reply.report.targets.find((t) => t.target === cgroupUid(pod));
  return target?.verdict === 'thawed';
}
