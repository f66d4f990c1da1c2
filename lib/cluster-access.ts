/** How a function reaches a cluster's API and lists its pods. */
import { Stack } from 'aws-cdk-lib';
import { CfnAccessEntry } from 'aws-cdk-lib/aws-eks';
import type { Settings } from '../lambda/domain/settings.ts';
import type { PodthawFunction } from './functions.ts';
import { placeInVpc } from './network.ts';

/** Kubernetes group for `access: group`; docs/deploy.md has the RBAC that binds it. */
const kubernetesGroup = 'podthaw';

export function letIntoClusters(to: PodthawFunction, { clusters, vpc }: Settings): void {
  const stack = Stack.of(to);
  // Where the API is and which CA it has.
  to.allow({
    actions: ['eks:DescribeCluster'],
    resources: clusters.map(({ name }) =>
      stack.formatArn({ service: 'eks', resource: 'cluster', resourceName: name }),
    ),
  });
  for (const cluster of clusters) allowPodListing(to, cluster);
  if (vpc) placeInVpc(to, vpc);
}

/** One access entry per role and cluster; the view policy reads pods, not Secrets. */
function allowPodListing(to: PodthawFunction, cluster: Settings['clusters'][number]): void {
  if (cluster.access === 'none') return;
  new CfnAccessEntry(to, `Access-${cluster.name}`, {
    clusterName: cluster.name,
    principalArn: to.role.roleArn,
    ...(cluster.access === 'group'
      ? { kubernetesGroups: [kubernetesGroup] }
      : { accessPolicies: [viewPolicy(to)] }),
  });
}

function viewPolicy(scope: PodthawFunction): CfnAccessEntry.AccessPolicyProperty {
  return {
    policyArn: `arn:${Stack.of(scope).partition}:eks::aws:cluster-access-policy/AmazonEKSViewPolicy`,
    accessScope: { type: 'cluster' },
  };
}
