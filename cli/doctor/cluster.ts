/** Whether podthaw gets into a cluster: its state, its authentication mode, access entries, a real look. */
import {
  DescribeAccessEntryCommand,
  DescribeClusterCommand,
  type EKSClient,
  ListAssociatedAccessPoliciesCommand,
} from '@aws-sdk/client-eks';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { invoke } from '../invocation.ts';
import type { Deployment } from './deployment.ts';
import { type Finding, ill, unknown, well } from './finding.ts';

export async function checkCluster(
  client: EKSClient,
  name: string,
  { roles, inVpc }: Deployment,
): Promise<Finding[]> {
  const { cluster } = await client.send(new DescribeClusterCommand({ name }));
  const check = `cluster ${name}`;
  const { endpointPublicAccess } = cluster?.resourcesVpcConfig ?? {};
  const mode = cluster?.accessConfig?.authenticationMode ?? 'CONFIG_MAP';
  const findings = [
    cluster?.status === 'ACTIVE'
      ? well(check, 'is ACTIVE')
      : ill(check, `is ${cluster?.status}`, 'Wait until it is ACTIVE.'),
  ];
  if (endpointPublicAccess === false && !inVpc) {
    const remedy = 'Name subnets and security groups in "vpc" of podthaw.json, and deploy.';
    findings.push(ill(check, 'its endpoint is private, the functions are in no VPC', remedy));
  }
  return [...findings, ...(await checkAccess(client, name, mode, roles))];
}

async function checkAccess(
  client: EKSClient,
  cluster: string,
  mode: string,
  roles: Deployment['roles'],
): Promise<Finding[]> {
  const check = `access to ${cluster}`;
  if (mode === 'CONFIG_MAP') {
    const remedy = `aws eks update-cluster-config --name ${cluster} --access-config authenticationMode=API_AND_CONFIG_MAP (there is no way back), or map the roles in aws-auth: docs/deploy.md.`;
    const detail = 'its authentication mode is CONFIG_MAP: access entries do not count';
    return [unknown(check, detail, remedy)];
  }
  const entries = [...roles].map(([name, role]) => checkEntry(client, cluster, name, role));
  return [well(check, `authentication mode ${mode}`), ...(await Promise.all(entries))];
}

async function checkEntry(
  client: EKSClient,
  clusterName: string,
  functionName: string,
  principalArn: string,
): Promise<Finding> {
  const check = `access to ${clusterName}`;
  const groups = await entryGroups(client, clusterName, principalArn);
  const remedy = 'Deploy again with "access": "view" for this cluster, or see docs/deploy.md.';
  if (groups === undefined) return ill(check, `${functionName} has no access entry`, remedy);
  const { associatedAccessPolicies = [] } = await client.send(
    new ListAssociatedAccessPoliciesCommand({ clusterName, principalArn }),
  );
  const policies = associatedAccessPolicies.map(
    ({ policyArn }) => policyArn?.split('/').at(-1) ?? '',
  );
  const gives = [...policies, ...groups.map((group) => `group ${group}`)].join(', ');
  if (gives === '')
    return ill(check, `${functionName} has an access entry that allows nothing`, remedy);
  return well(check, `${functionName} has an access entry: ${gives}`);
}

/** @returns the entry's Kubernetes groups; undefined where there is no entry */
async function entryGroups(client: EKSClient, clusterName: string, principalArn: string) {
  try {
    const { accessEntry } = await client.send(
      new DescribeAccessEntryCommand({ clusterName, principalArn }),
    );
    return accessEntry?.kubernetesGroups ?? [];
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

/** The whole way to the Kubernetes API and back: a check of a node that does not exist touches none. */
export async function checkLook(
  client: LambdaClient,
  functionName: string,
  cluster: string,
): Promise<Finding[]> {
  const request = { action: 'check', cluster, nodes: ['podthaw-doctor.invalid'] };
  const [outcome] = await invoke(client, functionName, request);
  const check = `look at ${cluster}`;
  if (outcome?.problem === undefined) return [well(check, 'podthaw can list its pods')];
  return [ill(check, outcome.problem, 'See "Problem" in docs/runbook.md.')];
}
