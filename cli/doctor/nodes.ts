/** Whether a cluster's nodes can be reached: their tag, SSM, the agent's version. */
import { type EC2Client, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import {
  DescribeInstanceInformationCommand,
  type InstanceInformation,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { type Cluster, instanceTag } from '../../lambda/domain/settings.ts';
import { type Finding, ill, unknown, well } from './finding.ts';

/** From here on the agent hands parameters over in the environment; before, AWS's fallback is used. */
const ENVIRONMENT_AGENT = [3, 3, 2746] as const;
const BATCH = 50;

export async function checkNodes(
  ec2: EC2Client,
  ssm: SSMClient,
  cluster: Cluster,
): Promise<Finding[]> {
  const check = `nodes of ${cluster.name}`;
  const [key, value] = instanceTag(cluster);
  const ids = await runningInstances(ec2, key, value);
  if (ids.length === 0) {
    const remedy =
      'Tag the nodes so, or name their own tag: instanceTagKey and instanceTagValue in podthaw.json. Fargate and Auto Mode nodes cannot be reached.';
    return [ill(check, `no running instance has the tag ${key}=${value}`, remedy)];
  }
  const managed = await managedInstances(ssm, ids);
  return [
    well(check, `${ids.length} carry the tag ${key}=${value}`),
    ...judge(check, ids, managed),
  ];
}

async function runningInstances(ec2: EC2Client, key: string, value: string): Promise<string[]> {
  const filters = [
    { Name: `tag:${key}`, Values: [value] },
    { Name: 'instance-state-name', Values: ['running'] },
  ];
  const ids: string[] = [];
  for await (const page of paginateDescribeInstances({ client: ec2 }, { Filters: filters })) {
    const instances = (page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances);
    ids.push(...instances.flatMap(({ InstanceId }) => InstanceId ?? []));
  }
  return ids;
}

async function managedInstances(ssm: SSMClient, ids: readonly string[]) {
  const found: InstanceInformation[] = [];
  for (let start = 0; start < ids.length; start += BATCH) {
    const Values = ids.slice(start, start + BATCH);
    const { InstanceInformationList = [] } = await ssm.send(
      new DescribeInstanceInformationCommand({
        Filters: [{ Key: 'InstanceIds', Values }],
        MaxResults: BATCH,
      }),
    );
    found.push(...InstanceInformationList);
  }
  return found;
}

function judge(
  check: string,
  ids: readonly string[],
  managed: readonly InstanceInformation[],
): Finding[] {
  const known = new Set(managed.map(({ InstanceId }) => InstanceId));
  const missing = ids.filter((id) => !known.has(id));
  const silent = managed.filter(({ PingStatus }) => PingStatus !== 'Online');
  const old = managed.filter(({ AgentVersion }) => isOld(AgentVersion ?? ''));
  return [
    ...some(missing, (list) =>
      ill(
        check,
        `SSM does not manage ${list}`,
        "Attach AmazonSSMManagedInstanceCore to the nodes' role, and see that the agent runs and reaches SSM.",
      ),
    ),
    ...some(silent.map(nameOf), (list) =>
      ill(
        check,
        `the SSM agent does not answer on ${list}`,
        'Restart the agent there, or replace the node.',
      ),
    ),
    ...some(old.map(nameOf), (list) =>
      unknown(
        check,
        `an agent before ${ENVIRONMENT_AGENT.join('.')} on ${list}`,
        'It works by the older way of handing over parameters; update the agent when you can.',
      ),
    ),
    ...(missing.length + silent.length === 0 ? [well(check, `SSM reaches all ${ids.length}`)] : []),
  ];
}

function some(names: readonly string[], finding: (list: string) => Finding): Finding[] {
  if (names.length === 0) return [];
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return [finding(`${names.slice(0, 5).join(', ')}${more}`)];
}

function nameOf({ InstanceId, AgentVersion, PingStatus }: InstanceInformation): string {
  return `${InstanceId} (${PingStatus}, ${AgentVersion})`;
}

function isOld(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [at, least] of ENVIRONMENT_AGENT.entries()) {
    const part = parts[at] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}
