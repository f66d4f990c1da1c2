/** EC2: which instance a node is. */
import {
  type EC2Client,
  type Filter,
  type Instance,
  paginateDescribeInstances,
} from '@aws-sdk/client-ec2';
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
  const byId = new Map<string, string>();
  const byDns = new Map<string, string>();
  for (const node of new Set(nodes)) {
    const elsewhere = placeByName(node);
    const id = /^(i-[0-9a-f]{8,17})(\.|$)/.exec(node)?.[1];
    if (elsewhere !== undefined) placements.set(node, elsewhere);
    else if (id === undefined) byDns.set(node, node);
    else byId.set(node, id);
  }
  const tag = { Name: `tag:${key}`, Values: [value] };
  await placeBatches(client, byId, 'instance-id', tag, placements);
  await placeBatches(client, byDns, 'private-dns-name', tag, placements);
  return placements;
}

/** Nodes that are no EC2 instances, by their names alone. */
function placeByName(node: string): Placement | undefined {
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

type By = 'instance-id' | 'private-dns-name';

/** @param wanted what to look for, by node name */
async function placeBatches(
  client: EC2Client,
  wanted: ReadonlyMap<string, string>,
  by: By,
  tag: Filter,
  placements: Map<string, Placement>,
): Promise<void> {
  const all = [...wanted];
  for (let i = 0; i < all.length; i += BATCH) {
    const batch = all.slice(i, i + BATCH);
    const filter = { Name: by, Values: batch.map(([, value]) => value) };
    const found = await findRunning(client, [filter, tag]);
    for (const [node, value] of batch) {
      const matches = found.filter(
        (i) => value === (by === 'instance-id' ? i.InstanceId : i.PrivateDnsName),
      );
      placements.set(node, placeOn(matches, `${by} ${value} and tag ${tag.Name?.slice(4)}`));
    }
  }
}

async function findRunning(client: EC2Client, filters: Filter[]): Promise<Instance[]> {
  const running = { Name: 'instance-state-name', Values: ['running'] };
  const pages = paginateDescribeInstances(
    { client, pageSize: 1000 },
    { Filters: [...filters, running] },
  );
  const instances: Instance[] = [];
  for await (const page of pages) {
    instances.push(...(page.Reservations ?? []).flatMap((r) => r.Instances ?? []));
  }
  return instances;
}

function placeOn(matches: readonly Instance[], sought: string): Placement {
  const [first] = matches;
  if (matches.length !== 1 || first?.InstanceId === undefined) {
    return { unreachable: `${matches.length} running instances of ${sought}, expected 1` };
  }
  if (first.Platform?.toLowerCase() === 'windows') {
    return { unreachable: 'a Windows node: it has no cgroup freezer' };
  }
  if (first.Operator?.Managed) {
    const by = first.Operator.Principal ?? 'a service';
    return { unreachable: `managed by ${by}: EKS Auto Mode nodes take no SSM commands` };
  }
  return { instanceId: first.InstanceId };
}
