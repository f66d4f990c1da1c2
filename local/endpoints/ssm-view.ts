/** Invocations and instances in the words of the SSM API's answers. */
import type { Command } from './ssm-command.ts';
import { DEFAULT_AGENT, type ManagedInstance } from './ssm-instance.ts';
import { mergedOutput } from './ssm-output.ts';
import type { Invocation } from './ssm-state.ts';

/** SendCommand's answer: nothing has reached a node yet. */
export function commandView(command: Command): object {
  return {
    CommandId: command.commandId,
    DocumentName: command.documentName,
    DocumentVersion: command.documentVersion,
    Comment: command.comment,
    ExpiresAfter: seconds(command.requestedAt) + command.timeoutSeconds,
    Parameters: Object.fromEntries(
      Object.entries(command.parameters).map(([name, value]) => [name, [value]]),
    ),
    InstanceIds: command.instanceIds,
    RequestedDateTime: seconds(command.requestedAt),
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

/** GetCommandInvocation: times are text here. */
export function getView(command: Command, invocation: Invocation): object {
  return {
    CommandId: command.commandId,
    InstanceId: invocation.instanceId,
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: command.documentVersion,
    PluginName: invocation.stepName,
    ResponseCode: invocation.responseCode,
    ExecutionStartDateTime: invocation.startedAt?.toISOString() ?? '',
    ExecutionElapsedTime: elapsed(invocation),
    ExecutionEndDateTime: invocation.endedAt?.toISOString() ?? '',
    Status: invocation.status,
    StatusDetails: invocation.details,
    StandardOutputContent: invocation.stdout,
    StandardOutputUrl: '',
    StandardErrorContent: invocation.stderr,
    StandardErrorUrl: '',
  };
}

/** ListCommandInvocations: times are seconds here, and output comes only with details. */
export function listView(command: Command, invocation: Invocation, details: boolean): object {
  return {
    CommandId: command.commandId,
    InstanceId: invocation.instanceId,
    InstanceName: '',
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: command.documentVersion,
    RequestedDateTime: seconds(invocation.requestedAt),
    Status: invocation.status,
    StatusDetails: invocation.details,
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    CommandPlugins: details ? [pluginView(invocation)] : [],
  };
}

function pluginView(invocation: Invocation): object {
  return {
    Name: invocation.stepName,
    Status: invocation.status,
    StatusDetails: invocation.details,
    ResponseCode: invocation.responseCode,
    ...(invocation.startedAt && { ResponseStartDateTime: seconds(invocation.startedAt) }),
    ...(invocation.endedAt && { ResponseFinishDateTime: seconds(invocation.endedAt) }),
    Output: mergedOutput(invocation.stdout, invocation.stderr),
    StandardOutputUrl: '',
    StandardErrorUrl: '',
  };
}

/** One entry of DescribeInstanceInformation. */
export function instanceView(instance: ManagedInstance): object {
  return {
    InstanceId: instance.instanceId,
    PingStatus: instance.pingStatus ?? 'Online',
    LastPingDateTime: seconds(new Date()),
    AgentVersion: instance.agentVersion ?? DEFAULT_AGENT,
    IsLatestVersion: instance.agentVersion === undefined,
    PlatformType: instance.platformType ?? 'Linux',
    ResourceType: instance.instanceId.startsWith('mi-') ? 'ManagedInstance' : 'EC2Instance',
  };
}

const seconds = (date: Date) => date.getTime() / 1000;

function elapsed({ startedAt, endedAt }: Invocation): string {
  if (!startedAt || !endedAt) return '';
  return `PT${(endedAt.getTime() - startedAt.getTime()) / 1000}S`;
}
