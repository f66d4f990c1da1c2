/** Further clusters that the pipeline's EKS knows. */
import './quiet.ts';
import { type KubernetesEndpoint, startKubernetes } from '../../local/endpoints/kubernetes.ts';
import { CREDENTIALS, type Pipeline } from '../../local/pipeline.ts';

/** @returns the cluster's API, which the caller closes */
export async function addCluster(shop: Pipeline, name: string): Promise<KubernetesEndpoint> {
  const api = await startKubernetes({ clusterName: name, credentials: CREDENTIALS });
  shop.eks.clusters.set(name, { name, endpoint: api.url, caPem: api.caPem });
  return api;
}
