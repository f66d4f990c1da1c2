/** How the functions' roles may list a cluster's pods. */
import { Stack } from 'aws-cdk-lib';
import { CfnAccessEntry } from 'aws-cdk-lib/aws-eks';
import type { Settings } from '../lambda/domain/settings.ts';
import type { PodthawFunction } from './functions.ts';

/** Kubernetes group for `access: group`; docs/deploy.md has the RBAC that binds it. */
const kubernetesGroup = 'podthaw';

/** One access entry per role and cluster; the view policy reads pods, not Secrets. */
export function allowPodListing(to: PodthawFunction, cluster: Settings['clusters'][number]): void {
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
