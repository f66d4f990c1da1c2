/** EKS on loopback: DescribeCluster, over REST and JSON. */
import { json, jsonError, requireSignature } from './aws-json.ts';
import { type Endpoint, listen, ServiceError } from './server.ts';

/** What a test says of a cluster; the rest is filled in. */
export type EksCluster = {
  name: string;
  /** URL of the Kubernetes API. */
  endpoint: string;
  /** PEM of the CA that signed the API's certificate. */
  caPem: string;
  /** Default `ACTIVE`. While `CREATING`, the real service has no endpoint yet, nor has this one. */
  status?: 'CREATING' | 'ACTIVE' | 'DELETING' | 'FAILED' | 'UPDATING' | 'PENDING';
  version?: string;
};

export type EksEndpoint = Endpoint & { clusters: Map<string, EksCluster> };

export async function startEks(clusters: EksCluster[] = []): Promise<EksEndpoint> {
  const store = new Map(clusters.map((cluster) => [cluster.name, cluster]));
  const endpoint = await listen({
    operationOf: ({ method, url }) =>
      method === 'GET' && /^\/clusters\/[^/]+$/.test(url.pathname) ? 'DescribeCluster' : 'unknown',
    answer: (operation, request) => {
      requireSignature(request);
      if (operation !== 'DescribeCluster') {
        throw new ServiceError('UnknownOperationException', 'only DescribeCluster here', 404);
      }
      const name = decodeURIComponent(request.url.pathname.slice('/clusters/'.length));
      return json(200, { cluster: describe(find(store, name)) });
    },
    refuse: jsonError,
  });
  return { ...endpoint, clusters: store };
}

function find(clusters: Map<string, EksCluster>, name: string): EksCluster {
  const cluster = clusters.get(name);
  if (cluster) return cluster;
  throw new ServiceError('ResourceNotFoundException', `No cluster found for name: ${name}.`, 404);
}

function describe(cluster: EksCluster): object {
  const status = cluster.status ?? 'ACTIVE';
  const reachable = status !== 'CREATING' && {
    endpoint: cluster.endpoint,
    certificateAuthority: { data: Buffer.from(cluster.caPem).toString('base64') },
  };
  return {
    name: cluster.name,
    arn: `arn:aws:eks:eu-central-1:111122223333:cluster/${cluster.name}`,
    version: cluster.version ?? '1.33',
    status,
    ...reachable,
    accessConfig: { authenticationMode: 'API_AND_CONFIG_MAP' },
    createdAt: 1_700_000_000,
    tags: {},
  };
}
