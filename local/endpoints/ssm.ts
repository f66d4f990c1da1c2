/** SSM Run Command on loopback: SendCommand and what reads, lists and cancels its invocations. */
import * as z from 'zod';
import { awsJson, parseInput } from './aws-json.ts';
import { type Endpoint, listen, ServiceError } from './server.ts';
import { acceptCommand, type Command, carryOutAll } from './ssm-command.ts';
import { documentSchema } from './ssm-document.ts';
import type { ManagedInstance } from './ssm-instance.ts';
import type { Invocation } from './ssm-state.ts';
import { commandView, getView, instanceView, listView } from './ssm-view.ts';

export type SsmOptions = {
  /** Command documents: `content` is the JSON object, such as a synthesized template holds. */
  documents: { name: string; content: unknown }[];
  instances?: Iterable<ManagedInstance>;
  /** Added to the environment of scripts that run here. */
  environment?: Record<string, string>;
  /** How long an invocation stays unknown after SendCommand, in ms; default 80. */
  hiddenMs?: number;
  onCommand?: (command: Command) => void;
  /** Called when an invocation has reached its end, whatever it is. */
  onReport?: (invocation: Readonly<Invocation>) => void;
};

export type SsmEndpoint = Endpoint & {
  /** By instance id. May change at any time. */
  instances: Map<string, ManagedInstance>;
  /** All commands accepted so far, oldest first. */
  commands: Map<string, Command>;
};

export async function startSsm(options: SsmOptions): Promise<SsmEndpoint> {
  const instances = new Map<string, ManagedInstance>();
  for (const instance of options.instances ?? []) instances.set(instance.instanceId, instance);
  const documents = new Map(
    options.documents.map(({ name, content }) => [name, documentSchema.parse(content)]),
  );
  const commands = new Map<string, Command>();
  const running = new Set<Promise<void>>();

  const sendCommand = (input: unknown) => {
    const command = acceptCommand(input, documents, instances);
    commands.set(command.commandId, command);
    options.onCommand?.(command);
    const { environment = {}, onReport = () => {} } = options;
    // The answer does not wait for the nodes.
    const run = carryOutAll(command, instances, environment, onReport);
    running.add(run);
    run.finally(() => running.delete(run));
    return { Command: commandView(command) };
  };
  const endpoint = await listen(
    awsJson('AmazonSSM', {
      SendCommand: sendCommand,
      DescribeInstanceInformation: (input) => describeInstances(instances, input),
      ...reading(commands, options.hiddenMs ?? 80),
      CancelCommand: (input) => cancelCommand(commands, input),
    }),
  );
  /** Ends the scripts that still run, and waits until they have. */
  const close = async () => {
    for (const { cancels } of commands.values()) for (const one of cancels.values()) one.abort();
    await Promise.all(running);
    await endpoint.close();
  };
  return { ...endpoint, close, instances, commands };
}

const page = {
  MaxResults: z.int().min(1).max(50).default(50),
  NextToken: z.string().regex(/^\d+$/).optional(),
};
const getInput = z.strictObject({
  CommandId: z.string(),
  InstanceId: z.string(),
  PluginName: z.string().optional(),
});
const listInput = z.strictObject({
  ...page,
  CommandId: z.string().optional(),
  InstanceId: z.string().optional(),
  Details: z.boolean().default(false),
});
const cancelInput = z.strictObject({
  CommandId: z.string(),
  InstanceIds: z.array(z.string()).max(50).default([]),
});
const idsFilter = z.strictObject({
  Key: z.literal('InstanceIds'),
  Values: z.array(z.string()).min(1).max(100),
});
const describeInput = z.strictObject({ ...page, Filters: z.array(idsFilter).default([]) });

/** The two ways to read invocations; to both, a command is unknown for a moment after its sending. */
function reading(commands: Map<string, Command>, hiddenMs: number) {
  const visible = ({ requestedAt }: Command) => Date.now() - requestedAt.getTime() >= hiddenMs;
  return {
    GetCommandInvocation: (input: unknown) => {
      const wanted = parseInput(getInput, input);
      const command = knownCommand(commands, wanted.CommandId);
      const invocation = command.invocations.get(wanted.InstanceId);
      if (!invocation || !visible(command)) throw new ServiceError('InvocationDoesNotExist', '');
      if (![undefined, invocation.stepName].includes(wanted.PluginName)) {
        throw new ServiceError('InvalidPluginName', '');
      }
      return getView(command, invocation);
    },
    ListCommandInvocations: (input: unknown) => {
      const wanted = parseInput(listInput, input);
      const chosen = wanted.CommandId
        ? [knownCommand(commands, wanted.CommandId)]
        : [...commands.values()].reverse();
      const found = chosen
        .filter(visible)
        .flatMap((command) => [...command.invocations.values()].map((one) => ({ command, one })))
        .filter(({ one }) => !wanted.InstanceId || one.instanceId === wanted.InstanceId);
      const { items, next } = pageOf(found, wanted);
      const views = items.map(({ command, one }) => listView(command, one, wanted.Details));
      return { CommandInvocations: views, ...next };
    },
  };
}

function cancelCommand(commands: Map<string, Command>, input: unknown): object {
  const wanted = parseInput(cancelInput, input);
  const { cancels } = knownCommand(commands, wanted.CommandId);
  const ids = wanted.InstanceIds.length > 0 ? wanted.InstanceIds : cancels.keys();
  for (const id of ids) cancels.get(id)?.abort();
  return {};
}

function describeInstances(instances: Map<string, ManagedInstance>, input: unknown): object {
  const wanted = parseInput(describeInput, input);
  const chosen = [...instances.values()].filter(({ instanceId }) =>
    wanted.Filters.every((filter) => filter.Values.includes(instanceId)),
  );
  const { items, next } = pageOf(chosen, wanted);
  return { InstanceInformationList: items.map(instanceView), ...next };
}

function knownCommand(commands: Map<string, Command>, id: string): Command {
  if (!/^[0-9a-f-]{36}$/.test(id)) throw new ServiceError('InvalidCommandId', '');
  const command = commands.get(id);
  if (!command) throw new ServiceError('InvocationDoesNotExist', '');
  return command;
}

function pageOf<T>(all: T[], wanted: { MaxResults: number; NextToken?: string | undefined }) {
  const start = Number(wanted.NextToken ?? 0);
  const end = start + wanted.MaxResults;
  return { items: all.slice(start, end), next: end < all.length ? { NextToken: String(end) } : {} };
}
