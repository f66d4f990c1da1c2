/** EC2: which instance a node is. */
import { type EC2Client, type Instance, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import type { Placement } from '../domain/plan.ts';

/** DescribeInstances takes at most 200 values a filter. */
const BATCH = 100;

/**
 * Finds the running instance behind each node name, among those that carry the cluster's tag.
 *
 * @param tag the tag's key and value
 * @returns by node name; a node of no instance, or of several, is `unreachable` with the reason
 */
export async function placeNodes(
  client: EC2Client,
  nodes: readonly string[],
  [key, value]: readonly [key: string, value: string],
): Promise<Map<string, Placement>> {
  const placements = new Map<string, Placement>();
  const byDns: string[] = [];
  for (const node of new Set(nodes)) {
    const known = placeByName(node);
    if (known === undefined) byDns.push(node);
    else placements.set(node, known);
  }
  for (let i = 0; i < byDns.length; i += BATCH) {
    const batch = byDns.slice(i, i + BATCH);
    const instances = await findRunning(client, batch, key, value);
    for (const node of batch) placements.set(node, placeByDns(node, instances, key));
  }
  return placements;
}

function placeByName(node: string): Placement | undefined {
  if (/^i-[0-9a-f]{8,17}(\.|$)/.test(node)) return { instanceId: node.split('.')[0] ?? node };
  if (/^mi-[0-9a-f]{17}$/.test(node)) {
    return { unreachable: 'a hybrid node: podthaw sends commands to EC2 instances only' };
  }
  if (node.startsWith('fargate-')) {
    return {
      unreachable: 'a Fargate node: there is no host to examine; delete the pod again or wait',
    };
  }
  return undefined;
}

async function findRunning(client: EC2Client, names: string[], key: string, value: string) {
  const pages = paginateDescribeInstances(
    { client, pageSize: 1000 },
    {
      Filters: [
        { Name: 'private-dns-name', Values: names },
        { Name: 'instance-state-name', Values: ['running'] },
        { Name: `tag:${key}`, Values: [value] },
      ],
    },
  );
  const instances: Instance[] = [];
  for await (const page of pages) {
    instances.push(...(page.Reservations ?? []).flatMap((r) => r.Instances ?? []));
  }
  return instances;
}

function placeByDns(node: string, instances: readonly Instance[], tag: string): Placement {
  const matches = instances.filter((i) => i.PrivateDnsName === node);
  const [first] = matches;
  if (matches.length !== 1 || first?.InstanceId === undefined) {
    return {
      unreachable: `${matches.length} running instances of private DNS name ${node} with tag ${tag}, expected 1`,
    };
  }
  if (first.Platform?.toLowerCase() === 'windows')
    return { unreachable: 'a Windows node: it has no cgroup freezer' };
  if (first.Operator?.Managed) {
    return {
      unreachable: `managed by ${first.Operator.Principal}: EKS Auto Mode nodes take no SSM commands`,
    };
  }
  return { instanceId: first.InstanceId };
}
