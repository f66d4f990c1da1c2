/** Invocations and instances in the words of the SSM API's answers. */
import type { Command } from './ssm.ts';
import { DEFAULT_AGENT, type Invocation, type ManagedInstance } from './ssm-invocation.ts';
import { mergedOutput } from './ssm-output.ts';

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
