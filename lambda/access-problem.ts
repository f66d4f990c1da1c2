/** Why a cluster could not be looked at, and what to do about it, in words for a person. */
import { EKSServiceException } from '@aws-sdk/client-eks';
import { ClusterUnavailable } from './adapters/eks.ts';
import { KubernetesError } from './adapters/kubernetes.ts';

/** @returns undefined where the error is no question of access: then it is a fault, to be thrown on */
export function explainAccess(error: unknown, cluster: string): string | undefined {
  if (error instanceof KubernetesError) return explainKubernetes(error, cluster);
  if (error instanceof ClusterUnavailable) return `${error.message}. Wait until it is ACTIVE.`;
  if (error instanceof EKSServiceException) return explainEks(error, cluster);
  return undefined;
}

function explainKubernetes(error: KubernetesError, cluster: string): string {
  if (error.status === 401 || error.status === 403) {
    return (
      `The Kubernetes API of cluster ${cluster} refuses podthaw (${error.message}). ` +
      "Give the function's role an EKS access entry with AmazonEKSViewPolicy; " +
      "the cluster's authentication mode must be API or API_AND_CONFIG_MAP."
    );
  }
  if (error.status === undefined) {
    return (
      `The Kubernetes API of cluster ${cluster} cannot be reached (${error.message}). ` +
      'If its endpoint is private, give the function a VPC from which it can be reached; ' +
      'if it is public, check the CIDRs that may use it.'
    );
  }
  return `The Kubernetes API of cluster ${cluster} did not answer as expected (${error.message}).`;
}

function explainEks(error: EKSServiceException, cluster: string): string {
  switch (error.name) {
    case 'ResourceNotFoundException':
      return `EKS knows no cluster ${cluster} in this account and region: correct its name in podthaw.json.`;
    case 'AccessDeniedException':
      return `The function may not describe cluster ${cluster} (${error.message}): allow eks:DescribeCluster on it.`;
    default:
      return `EKS did not describe cluster ${cluster} (${error.name}: ${error.message}).`;
  }
}
