/** A sweep by hand of named instances where the Kubernetes API is out of reach: pending kills alone decide. */
import { makeSweepCommands } from './domain/command.ts';
import { judgeUnnamed } from './domain/judgement.ts';
import type { NodeReply, Outcome, PodOutcome } from './domain/outcome.ts';
import { makeOutcome, type Ports, performed, type RunContext } from './run.ts';

/** Runs freezer.sh `--all` there. Holds cannot be seen, so only a person may ask for it. */
export async function sweepInstances(
  instanceIds: readonly string[],
  context: RunContext,
  ports: Pick<Ports, 'runCommand'>,
): Promise<Outcome> {
  const pods: PodOutcome[] = [];
  for (const command of makeSweepCommands(instanceIds, performed(context), context.settings)) {
    const replies = await ports.runCommand(command, context);
    for (const { instanceId } of command.work) {
      const none: NodeReply = { kind: 'unknown', reason: 'SSM lists no answer of this node' };
      pods.push(...judgeUnnamed(instanceId, replies.get(instanceId) ?? none));
    }
  }
  return makeOutcome(context, pods);
}
