/** A sweep by hand of named instances where the Kubernetes API is out of reach: pending kills alone decide. */
import pMap from 'p-map';
import { COMMANDS_AT_ONCE, hasTimeFor } from './command-budget.ts';
import { type Command, makeSweepCommands } from './domain/command.ts';
import { judgeUnnamed } from './domain/judgement.ts';
import type { NodeReply, Outcome } from './domain/outcome.ts';
import { makeOutcome, type Ports, performed, type RunContext } from './run.ts';

type SweepPorts = Pick<Ports, 'now' | 'runCommand'>;

/** Runs freezer.sh `--all` there. Holds cannot be seen, so only a person may ask for it. */
export async function sweepInstances(
  instanceIds: readonly string[],
  context: RunContext,
  ports: SweepPorts,
): Promise<Outcome> {
  const commands = makeSweepCommands(instanceIds, performed(context), context.settings);
  const sweepOne = async (command: Command) => {
    const replies = await replyOrPutOff(command, context, ports);
    return command.work.flatMap(({ instanceId }) =>
      judgeUnnamed(instanceId, replies.get(instanceId) ?? none),
    );
  };
  const pods = await pMap(commands, sweepOne, { concurrency: COMMANDS_AT_ONCE });
  return makeOutcome(context, pods.flat());
}

const none: NodeReply = { kind: 'unknown', reason: 'SSM lists no answer of this node' };
const outOfTime: NodeReply = {
  kind: 'failed',
  reason: 'not sent: the run had no time left for it; ask again for this instance',
};

async function replyOrPutOff(command: Command, context: RunContext, ports: SweepPorts) {
  if (hasTimeFor(context, ports.now())) return ports.runCommand(command, context);
  return new Map(command.work.map(({ instanceId }) => [instanceId, outOfTime]));
}
