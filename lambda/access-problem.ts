/** Why a cluster could not be looked at, and what to do about it, in words for a person. */
import { EKSServiceException } from '@aws-sdk/client-eks';
import { ClusterUnavailable, EksUnreachable } from './adapters/eks.ts';
import { KubernetesError } from './adapters/kubernetes-error.ts';

/** Of EC2's errors only a denial is a question of access. By name: the detector does not load EC2's client. */
const EC2_DENIES = 'UnauthorizedOperation';

/**
 * The same trouble gives the same words, whatever request met it: people are told once, as long as
 * the words stay.
 *
 * @returns undefined where the error is no question of access: then it is a fault, to be thrown on
 */
export function explainAccess(error: unknown, cluster: string): string | undefined {
  if (error instanceof KubernetesError) return explainKubernetes(error, cluster);
  if (error instanceof ClusterUnavailable) return `${error.message}. Wait until it is ACTIVE.`;
  if (error instanceof EksUnreachable) return explainUnreachable(error);
  if (error instanceof EKSServiceException) return explainEks(error, cluster);
  if (error instanceof Error && error.name === EC2_DENIES) return explainEc2(error);
  return undefined;
}

const GIVE_ACCESS =
  "Give the function's role an EKS access entry with AmazonEKSViewPolicy; " +
  "the cluster's authentication mode must be API or API_AND_CONFIG_MAP.";

function explainKubernetes({ fault, message }: KubernetesError, cluster: string): string {
  const api = `The Kubernetes API of cluster ${cluster}`;
  switch (fault) {
    case 'unauthorized':
      return `${api} does not know podthaw (${message}). ${GIVE_ACCESS}`;
    case 'forbidden':
      return `${api} does not let podthaw list pods (${message}). ${GIVE_ACCESS}`;
    case 'unreachable':
      return (
        `${api} cannot be reached (${message}). ` +
        'If its endpoint is private, give the function a VPC from which it can be reached; ' +
        'if it is public, check the CIDRs that may use it.'
      );
    case 'untrusted':
      return (
        `What answers as ${api.replace('The', 'the')} has no certificate of the cluster's own CA (${message}). ` +
        'Look for a proxy between the function and the cluster; no token was sent.'
      );
    case 'unexpected':
      return (
        `${api} did not answer as expected (${message}). ` +
        "The next run tries again; if this stays, look at the cluster's control plane, " +
        "and in the function's log for how the answer began."
      );
    default:
      return fault satisfies never;
  }
}

function explainEks({ name, message }: EKSServiceException, cluster: string): string {
  switch (name) {
    case 'ResourceNotFoundException':
      return `EKS knows no cluster ${cluster} in this account and region: correct its name in podthaw.json.`;
    case 'AccessDeniedException':
      return `The function may not describe cluster ${cluster} (${message}): allow eks:DescribeCluster on it.`;
    default:
      return `EKS did not describe cluster ${cluster} (${name}: ${message}).`;
  }
}

function explainUnreachable({ message }: EksUnreachable): string {
  return (
    `EKS cannot be reached (${message}). If the function is in a VPC, ` +
    'give its subnets a NAT gateway, or interface endpoints for the AWS services that it calls.'
  );
}

/** IAM's encoded text in it is another one at every call. */
function explainEc2({ message }: Error): string {
  const words = message.replace(/\s*Encoded authorization failure message:.*/s, '');
  return `The function may not look up the cluster's instances (${words}): allow ec2:DescribeInstances.`;
}
