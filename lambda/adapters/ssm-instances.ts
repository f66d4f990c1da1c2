/** Managed instances: which of them a command cannot reach, known before it is sent. */
import {
  type InstanceInformation,
  paginateDescribeInstanceInformation,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { NodeReply } from '../domain/outcome.ts';

/** One bad id makes SendCommand refuse them all, so each is looked up first. @throws the SDK's errors */
export async function findUnreachable(
  client: SSMClient,
  ids: readonly string[],
): Promise<Map<string, NodeReply>> {
  const known = new Map<string | undefined, InstanceInformation>();
  const pages = paginateDescribeInstanceInformation(
    { client, pageSize: 50 },
    { Filters: [{ Key: 'InstanceIds', Values: [...ids] }] },
  );
  for await (const { InstanceInformationList = [] } of pages) {
    for (const instance of InstanceInformationList) known.set(instance.InstanceId, instance);
  }
  return new Map(ids.flatMap((id) => unreachable(id, known.get(id))));
}

function unreachable(id: string, instance?: InstanceInformation): [string, NodeReply][] {
  const reason = whyUnreachable(instance);
  return reason === undefined ? [] : [[id, { kind: 'unreachable', reason }]];
}

function whyUnreachable(instance: InstanceInformation | undefined): string | undefined {
  if (instance === undefined) {
    return 'SSM does not manage this instance: check its agent and its instance profile (AmazonSSMManagedInstanceCore)';
  }
  const { PlatformType: platform = 'Linux', PingStatus: ping = 'Online' } = instance;
  if (platform !== 'Linux') return `a ${platform} node: it has no cgroup freezer`;
  if (ping === 'Online') return undefined;
  return `SSM has lost its connection to the instance (${ping}): see whether it runs, restart amazon-ssm-agent on it, or replace the node`;
}
