/** What an alarm is about: the cluster, and perhaps one instance, node or pod of it. */

export interface Scope {
  cluster?: string;
  instanceId?: string;
  node?: string;
  namespace?: string;
  /** A pod's name, or its workload's: Container Insights' `PodName` leaves the generated suffix off. */
  pod?: string;
}

/** Label names of CloudWatch, Container Insights and kube-state-metrics, per field, in lower case. */
const FIELDS: { readonly [label: string]: keyof Scope } = {
  cluster: 'cluster',
  clustername: 'cluster',
  cluster_name: 'cluster',
  'k8s.cluster.name': 'cluster',
  'podthaw:cluster': 'cluster',
  instanceid: 'instanceId',
  instance_id: 'instanceId',
  'host.id': 'instanceId',
  nodename: 'node',
  node: 'node',
  'k8s.node.name': 'node',
  namespace: 'namespace',
  'k8s.namespace.name': 'namespace',
  podname: 'pod',
  pod: 'pod',
  'k8s.pod.name': 'pod',
};

type Labels = readonly (readonly [name: string, value: string])[];

/**
 * Reads the scope out of label lists; the first list that names a field decides it. Tags say at most
 * which cluster: a tag `namespace` may be anybody's.
 */
export function readScope(sources: readonly Labels[], tags: Labels = []): Scope {
  const scope: Scope = {};
  for (const [name, value] of sources.flat()) {
    const field = fieldOf(name);
    if (field !== undefined && value !== '') scope[field] ??= value;
  }
  for (const [name, value] of tags) {
    if (fieldOf(name) === 'cluster' && value !== '') scope.cluster ??= value;
  }
  return scope;
}

function fieldOf(label: string): keyof Scope | undefined {
  const name = label.toLowerCase();
  return Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
}
