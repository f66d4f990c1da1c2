/** One SendCommand: checked as the API checks it, then carried out on its nodes. */
import { randomUUID } from 'node:crypto';
import pMap from 'p-map';
import * as z from 'zod';
import { parseInput } from './aws-json.ts';
import { ServiceError } from './server.ts';
import { checkParameters, type ParameterValues, type SsmDocument } from './ssm-document.ts';
import { behaviourOf, type ManagedInstance } from './ssm-instance.ts';
import { carryOut } from './ssm-invocation.ts';
import { finish, type Invocation, isError, neverStarted, pendingInvocation } from './ssm-state.ts';

export type Command = {
  commandId: string;
  document: SsmDocument;
  documentName: string;
  documentVersion: string;
  comment: string;
  parameters: ParameterValues;
  instanceIds: string[];
  /** The delivery limit. */
  timeoutSeconds: number;
  maxConcurrency: string;
  maxErrors: string;
  requestedAt: Date;
  invocations: Map<string, Invocation>;
  /** Aborting one cancels that node's invocation. */
  cancels: Map<string, AbortController>;
};

export type Documents = ReadonlyMap<string, SsmDocument>;
export type Instances = ReadonlyMap<string, ManagedInstance>;

/** API reference, SendCommand. Targets, S3 output and notifications are not spoken here. */
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
  MaxConcurrency: z
    .string()
    .regex(/^([1-9][0-9]{0,6}|[1-9][0-9]?%|100%)$/)
    .default('50'),
  MaxErrors: z
    .string()
    .regex(/^([1-9][0-9]{0,6}|0|[1-9][0-9]?%|0%|100%)$/)
    .default('0'),
});

/** @throws ServiceError, and then nothing is sent to any node */
export function acceptCommand(input: unknown, documents: Documents, instances: Instances): Command {
  const wanted = parseInput(sendCommandInput, input);
  const documentName = wanted.DocumentName.replace(/^arn:[^/]*:document\//, '');
  const document = documentOf(documents, documentName, wanted.DocumentVersion);
  const parameters = checkParameters(document, wanted.Parameters);
  checkInstances(wanted.InstanceIds, instances);
  const commandId = randomUUID();
  const ids = wanted.InstanceIds;
  return {
    commandId,
    document,
    documentName,
    documentVersion: wanted.DocumentVersion,
    comment: wanted.Comment,
    parameters,
    instanceIds: ids,
    timeoutSeconds: wanted.TimeoutSeconds,
    maxConcurrency: wanted.MaxConcurrency,
    maxErrors: wanted.MaxErrors,
    requestedAt: new Date(),
    invocations: new Map(ids.map((id) => [id, pendingInvocation(commandId, id, document)])),
    cancels: new Map(ids.map((id) => [id, new AbortController()])),
  };
}

/** Carries a command out on its nodes, within its MaxConcurrency and MaxErrors. Never rejects. */
export async function carryOutAll(
  command: Command,
  instances: Instances,
  environment: Record<string, string>,
  onEnd: (invocation: Invocation) => void,
): Promise<void> {
  const targets = command.instanceIds.length;
  const tolerated = shareOf(command.maxErrors, targets);
  let errors = 0;
  const one = async (invocation: Invocation) => {
    const instance = instances.get(invocation.instanceId);
    const signal = command.cancels.get(invocation.instanceId)?.signal;
    if (!instance || !signal || errors > tolerated) finish(invocation, neverStarted('Terminated'));
    else {
      const order = { ...command, deliverySeconds: command.timeoutSeconds, environment, signal };
      await carryOut(invocation, instance, order);
    }
    if (isError(invocation)) errors += 1;
    onEnd(invocation);
  };
  const concurrency = Math.max(1, shareOf(command.maxConcurrency, targets));
  await pMap(command.invocations.values(), one, { concurrency });
}

/** Every document here has version 1 alone. */
function documentOf(documents: Documents, name: string, version: string): SsmDocument {
  const document = documents.get(name);
  if (!document) {
    throw new ServiceError('InvalidDocument', `Document with name ${name} does not exist.`);
  }
  if (['$DEFAULT', '$LATEST', '1'].includes(version)) return document;
  throw new ServiceError('InvalidDocumentVersion', `Document ${name} has no version ${version}.`);
}

/** One instance that is not managed, or not in a valid state, fails the call for all. */
function checkInstances(ids: string[], instances: Instances): void {
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
  if (ids.some((id) => instances.get(id)?.platformType === 'Windows')) {
    throw new ServiceError(
      'UnsupportedPlatformType',
      'The document does not support the platform type of the given instance ID(s).',
    );
  }
}

/** `10`, or `10%` of the targets, rounded up. */
function shareOf(count: string, targets: number): number {
  const number = Number.parseInt(count, 10);
  return count.endsWith('%') ? Math.ceil((number * targets) / 100) : number;
}
