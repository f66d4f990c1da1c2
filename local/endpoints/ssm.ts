/** SSM Run Command on loopback: SendCommand and what reads, lists and cancels its invocations. */
import { randomUUID } from 'node:crypto';
import pMap from 'p-map';
import * as z from 'zod';
import { awsJson, parseInput } from './aws-json.ts';
import { type Endpoint, listen, ServiceError } from './server.ts';
import {
  checkParameters,
  documentSchema,
  type ParameterValues,
  type SsmDocument,
} from './ssm-document.ts';
import {
  behaviourOf,
  carryOut,
  type Invocation,
  type ManagedInstance,
  type Order,
  pendingInvocation,
  terminate,
} from './ssm-invocation.ts';
import { getView, instanceView, listView } from './ssm-view.ts';

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

export type Command = {
  commandId: string;
  documentName: string;
  documentVersion: string;
  comment: string;
  parameters: ParameterValues;
  instanceIds: string[];
  timeoutSeconds: number;
  maxConcurrency: string;
  maxErrors: string;
  requestedAt: Date;
  invocations: Map<string, Invocation>;
};

export type SsmEndpoint = Endpoint & {
  /** By instance id. May change at any time. */
  instances: Map<string, ManagedInstance>;
  /** All commands accepted so far, oldest first. */
  commands: Map<string, Command>;
};

const count = z.string().regex(/^([1-9][0-9]{0,6}|[1-9][0-9]?%|100%)$/);
const countOrNone = z.string().regex(/^([1-9][0-9]{0,6}|0|[1-9][0-9]?%|0%|100%)$/);

const sendCommandInput = z.strictObject({
  DocumentName: z.string().regex(/^[a-zA-Z0-9_\-.:/]{3,128}$/),
  DocumentVersion: z
    .string()
    .regex(/^(\$LATEST|\$DEFAULT|[1-9][0-9]*)$/)
    .default('$DEFAULT'),
  InstanceIds: z
    .array(z.string().regex(/^(i-(\w{8}|\w{17})|mi-\w{17})$/))
    .min(1)
    .max(50),
  TimeoutSeconds: z.int().min(30).max(2_592_000).default(3600),
  Comment: z.string().max(100).default(''),
  Parameters: z.record(z.string(), z.array(z.string())).default({}),
  MaxConcurrency: count.default('50'),
  MaxErrors: countOrNone.default('0'),
});

const pageInput = {
  MaxResults: z.int().min(1).max(50).default(50),
  NextToken: z.string().optional(),
};
const listInput = z.strictObject({
  ...pageInput,
  CommandId: z.string().optional(),
  InstanceId: z.string().optional(),
  Details: z.boolean().default(false),
});
const getInput = z.strictObject({
  CommandId: z.string(),
  InstanceId: z.string(),
  PluginName: z.string().optional(),
});
const cancelInput = z.strictObject({
  CommandId: z.string(),
  InstanceIds: z.array(z.string()).max(50).default([]),
});
const describeInput = z.strictObject({
  ...pageInput,
  Filters: z
    .array(
      z.strictObject({
        Key: z.literal('InstanceIds'),
        Values: z.array(z.string()).min(1).max(100),
      }),
    )
    .default([]),
});

export async function startSsm(options: SsmOptions): Promise<SsmEndpoint> {
  const documents = new Map<string, SsmDocument>();
  for (const { name, content } of options.documents) {
    documents.set(name, documentSchema.parse(content));
  }
  const instances = new Map<string, ManagedInstance>();
  for (const instance of options.instances ?? []) instances.set(instance.instanceId, instance);
  const commands = new Map<string, Command>();
  const aborts = new Map<Invocation, AbortController>();

  const visible = (command: Command) =>
    Date.now() - command.requestedAt.getTime() >= (options.hiddenMs ?? 80);

  const carryOutAll = async (command: Command, document: SsmDocument) => {
    const concurrency = shareOf(command.maxConcurrency, command.instanceIds.length);
    const tolerated = shareOf(command.maxErrors, command.instanceIds.length);
    let errors = 0;
    const one = async (invocation: Invocation) => {
      const instance = instances.get(invocation.instanceId);
      if (!instance || errors > tolerated) terminate(invocation);
      else await carryOut(invocation, instance, orderFor(command, document, invocation));
      aborts.delete(invocation);
      if (invocation.status !== 'Success') errors += 1;
      options.onReport?.(invocation);
    };
    await pMap(command.invocations.values(), one, { concurrency: Math.max(1, concurrency) });
  };

  const orderFor = (command: Command, document: SsmDocument, invocation: Invocation): Order => {
    const abort = aborts.get(invocation) ?? new AbortController();
    return {
      document,
      parameters: command.parameters,
      deliverySeconds: command.timeoutSeconds,
      environment: options.environment ?? {},
      signal: abort.signal,
    };
  };

  const sendCommand = (input: unknown) => {
    const wanted = parseInput(sendCommandInput, input);
    const name = wanted.DocumentName.replace(/^arn:[^/]*:document\//, '');
    const document = documents.get(name);
    if (!document)
      throw new ServiceError('InvalidDocument', `Document with name ${name} does not exist.`);
    if (!['$DEFAULT', '$LATEST', '1'].includes(wanted.DocumentVersion)) {
      throw new ServiceError('InvalidDocumentVersion', `no version ${wanted.DocumentVersion}`);
    }
    const parameters = checkParameters(document, wanted.Parameters);
    checkInstances(wanted.InstanceIds, instances);
    const commandId = randomUUID();
    const command: Command = {
      commandId,
      documentName: name,
      documentVersion: wanted.DocumentVersion,
      comment: wanted.Comment,
      parameters,
      instanceIds: wanted.InstanceIds,
      timeoutSeconds: wanted.TimeoutSeconds,
      maxConcurrency: wanted.MaxConcurrency,
      maxErrors: wanted.MaxErrors,
      requestedAt: new Date(),
      invocations: new Map(
        wanted.InstanceIds.map((id) => [id, pendingInvocation(commandId, id, document)]),
      ),
    };
    commands.set(commandId, command);
    for (const invocation of command.invocations.values()) {
      aborts.set(invocation, new AbortController());
    }
    options.onCommand?.(command);
    // The answer does not wait for the nodes; carryOutAll never rejects.
    void carryOutAll(command, document);
    return { Command: commandView(command) };
  };

  const endpoint = await listen(
    awsJson('AmazonSSM', {
      SendCommand: sendCommand,
      GetCommandInvocation: (input) => {
        const wanted = parseInput(getInput, input);
        const command = knownCommand(commands, wanted.CommandId);
        const invocation = command.invocations.get(wanted.InstanceId);
        if (!invocation || !visible(command)) throw new ServiceError('InvocationDoesNotExist', '');
        if (wanted.PluginName !== undefined && wanted.PluginName !== invocation.stepName) {
          throw new ServiceError('InvalidPluginName', '');
        }
        return getView(command, invocation);
      },
      ListCommandInvocations: (input) => {
        const wanted = parseInput(listInput, input);
        const chosen = wanted.CommandId
          ? [knownCommand(commands, wanted.CommandId)]
          : [...commands.values()].reverse();
        const views = chosen
          .filter(visible)
          .flatMap((command) => [...command.invocations.values()].map((one) => ({ command, one })))
          .filter(({ one }) => !wanted.InstanceId || one.instanceId === wanted.InstanceId);
        const { items, next } = page(views, wanted.MaxResults, wanted.NextToken);
        return {
          CommandInvocations: items.map(({ command, one }) =>
            listView(command, one, wanted.Details),
          ),
          ...next,
        };
      },
      CancelCommand: (input) => {
        const wanted = parseInput(cancelInput, input);
        const command = knownCommand(commands, wanted.CommandId);
        for (const invocation of command.invocations.values()) {
          if (wanted.InstanceIds.length && !wanted.InstanceIds.includes(invocation.instanceId))
            continue;
          aborts.get(invocation)?.abort();
        }
        return {};
      },
      DescribeInstanceInformation: (input) => {
        const wanted = parseInput(describeInput, input);
        const chosen = [...instances.values()].filter((instance) =>
          wanted.Filters.every((filter) => filter.Values.includes(instance.instanceId)),
        );
        const { items, next } = page(chosen, wanted.MaxResults, wanted.NextToken);
        return { InstanceInformationList: items.map(instanceView), ...next };
      },
    }),
  );
  const close = async () => {
    for (const abort of aborts.values()) abort.abort();
    await endpoint.close();
  };
  return { ...endpoint, close, instances, commands };
}

function commandView(command: Command): object {
  return {
    CommandId: command.commandId,
    DocumentName: command.documentName,
    DocumentVersion: command.documentVersion,
    Comment: command.comment,
    ExpiresAfter: command.requestedAt.getTime() / 1000 + command.timeoutSeconds,
    Parameters: Object.fromEntries(
      Object.entries(command.parameters).map(([name, value]) => [name, [value]]),
    ),
    InstanceIds: command.instanceIds,
    RequestedDateTime: command.requestedAt.getTime() / 1000,
    Status: 'Pending',
    StatusDetails: 'Pending',
    MaxConcurrency: command.maxConcurrency,
    MaxErrors: command.maxErrors,
    TargetCount: command.instanceIds.length,
    CompletedCount: 0,
    ErrorCount: 0,
    DeliveryTimedOutCount: 0,
    TimeoutSeconds: command.timeoutSeconds,
  };
}

/** One instance that is not managed, or not in a valid state, fails the call for all. */
function checkInstances(ids: string[], instances: Map<string, ManagedInstance>): void {
  if (new Set(ids).size < ids.length) throw new ServiceError('DuplicateInstanceId', '');
  const invalid = ids.filter((id) => {
    const instance = instances.get(id);
    return !instance || behaviourOf(instance).kind === 'notInValidState';
  });
  if (invalid.length > 0) {
    throw new ServiceError(
      'InvalidInstanceId',
      `Instances [[${invalid.join(', ')}]] not in a valid state for account 111122223333`,
    );
  }
  if (ids.some((id) => (instances.get(id)?.platformType ?? 'Linux') === 'Windows')) {
    throw new ServiceError(
      'UnsupportedPlatformType',
      'The document does not support the platform type of the given instance ID(s).',
    );
  }
}

function knownCommand(commands: Map<string, Command>, id: string): Command {
  if (!/^[0-9a-f-]{36}$/.test(id)) throw new ServiceError('InvalidCommandId', '');
  const command = commands.get(id);
  if (!command) throw new ServiceError('InvocationDoesNotExist', '');
  return command;
}

/** `10`, or `10%` of the targets, rounded up. */
function shareOf(count: string, targets: number): number {
  const number = Number.parseInt(count, 10);
  return count.endsWith('%') ? Math.ceil((number * targets) / 100) : number;
}

function page<T>(all: T[], size: number, token: string | undefined) {
  const start = token === undefined ? 0 : Number(token);
  if (!Number.isInteger(start)) throw new ServiceError('InvalidNextToken', '');
  const end = start + size;
  return { items: all.slice(start, end), next: end < all.length ? { NextToken: String(end) } : {} };
}
