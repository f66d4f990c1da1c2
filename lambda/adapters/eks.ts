/** EKS: where a cluster's API is, and the token that opens it. */
import { DescribeClusterCommand, type EKSClient } from '@aws-sdk/client-eks';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { Sha256 } from '@smithy/core/checksum';
import { HttpRequest } from '@smithy/core/transport';
import { SignatureV4 } from '@smithy/signature-v4';

export interface ClusterEndpoint {
  /** https URL of the Kubernetes API. */
  url: string;
  /** The cluster's own CA, PEM. */
  ca: string;
}

/** EKS does not know the cluster, or it has no API endpoint yet. */
export class ClusterUnavailable extends Error {
  override name = 'ClusterUnavailable';
}

/** No answer came from EKS itself. */
export class EksUnreachable extends Error {
  override name = 'EksUnreachable';
}

/**
 * Looks up a cluster's API endpoint and CA.
 *
 * @throws ClusterUnavailable, EksUnreachable, or the SDK's errors
 */
export async function describeCluster(client: EKSClient, name: string): Promise<ClusterEndpoint> {
  const { cluster } = await describe(client, name);
  const ca = cluster?.certificateAuthority?.data;
  if (cluster?.endpoint === undefined || ca === undefined) {
    throw new ClusterUnavailable(
      `cluster ${name} has no API endpoint: its status is ${cluster?.status ?? 'unknown'}`,
    );
  }
  return { url: cluster.endpoint, ca: Buffer.from(ca, 'base64').toString('utf8') };
}

async function describe(client: EKSClient, name: string) {
  try {
    return await client.send(new DescribeClusterCommand({ name }));
  } catch (cause) {
    if (cause instanceof Error && isConnectionError(cause)) {
      throw new EksUnreachable(cause.message, { cause });
    }
    throw cause;
  }
}

/** Node's own codes (ECONNREFUSED, ENOTFOUND, …), and the SDK's time-out. */
function isConnectionError(error: Error): boolean {
  return (
    error.name === 'TimeoutError' || ('code' in error && /^E[A-Z_]+$/.test(String(error.code)))
  );
}

/** Seconds that the presigned URL, and so the token, may be used. */
const TOKEN_SECONDS = 60;

/**
 * A bearer token for the cluster's API: a presigned STS GetCallerIdentity URL that names the
 * cluster in a signed header.
 *
 * @see https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster
 */
export async function makeToken(region: string, cluster: string): Promise<string> {
  const host = `sts.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
  const signer = new SignatureV4({
    service: 'sts',
    region,
    credentials: defaultProvider(),
    sha256: Sha256,
  });
  const signed = await signer.presign(
    new HttpRequest({
      method: 'GET',
      protocol: 'https:',
      hostname: host,
      path: '/',
      headers: { host, 'x-k8s-aws-id': cluster },
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
    }),
    { expiresIn: TOKEN_SECONDS, unhoistableHeaders: new Set(['x-k8s-aws-id']) },
  );
  const query = new URLSearchParams(signed.query as Record<string, string>);
  const url = `https://${host}/?${query}`;
  return `k8s-aws-v1.${Buffer.from(url).toString('base64url')}`;
}
