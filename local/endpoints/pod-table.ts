/** Pods as the API server's Table: the columns that `kubectl get pods -o wide` prints. */
import type { Pod } from './pod.ts';

/** What each row carries besides its cells. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export function tableOf(
  pods: Pod[],
  metadata: object,
  includeObject: IncludeObject,
  now: Date,
): object {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns,
    rows: pods.map((pod) => ({ cells: cellsOf(pod, now), ...objectOf(pod, includeObject) })),
  };
}

function objectOf(pod: Pod, include: IncludeObject): object {
  switch (include) {
    case 'None':
      return {};
    case 'Object':
      return { object: { kind: 'Pod', apiVersion: 'v1', ...pod } };
    case 'Metadata': {
      const { metadata } = pod;
      return {
        object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata },
      };
    }
    default:
      return include satisfies never;
  }
}

/** The API server's printer columns for pods; those of priority 1 are what `-o wide` adds. */
const columns = [
  column('Name', 0, 'name'),
  column('Ready', 0),
  column('Status', 0),
  column('Restarts', 0),
  column('Age', 0),
  column('IP', 1),
  column('Node', 1),
  column('Nominated Node', 1),
  column('Readiness Gates', 1),
];

function column(name: string, priority: number, format = '') {
  return { name, type: 'string', format, description: name, priority };
}

/** In the order of `columns`. */
function cellsOf(pod: Pod, now: Date): string[] {
  const { metadata, spec, status } = pod;
  const containers = status?.containerStatuses ?? [];
  const ready = containers.filter((container) => container.ready).length;
  const restarts = containers.reduce((sum, container) => sum + (container.restartCount ?? 0), 0);
  return [
    metadata.name,
    `${ready}/${spec?.containers?.length ?? containers.length}`,
    statusOf(pod),
    String(restarts),
    ageOf(metadata.creationTimestamp, now),
    status?.podIP ?? '<none>',
    spec?.nodeName ?? '<none>',
    spec?.nominatedNodeName ?? '<none>',
    '<none>',
  ];
}

/** `Terminating` wins over whatever its containers say, except where the node is lost. */
function statusOf({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) {
    return status?.reason === 'NodeLost' ? 'Unknown' : 'Terminating';
  }
  const reasons = (status?.containerStatuses ?? []).map(
    ({ state }) => state?.waiting?.reason ?? state?.terminated?.reason,
  );
  return reasons.find((reason) => reason) ?? status?.reason ?? status?.phase ?? 'Unknown';
}

/** The most seconds for each form of an age, as in Kubernetes' duration.HumanDuration. */
const ageForms: [
  below: number,
  unit: number,
  name: string,
  finer?: [unit: number, name: string],
][] = [
  [120, 1, 's'],
  [600, 60, 'm', [1, 's']],
  [3 * 3600, 60, 'm'],
  [8 * 3600, 3600, 'h', [60, 'm']],
  [48 * 3600, 3600, 'h'],
  [8 * 86_400, 86_400, 'd', [3600, 'h']],
  [Number.POSITIVE_INFINITY, 86_400, 'd'],
];

function ageOf(since: string | undefined, now: Date): string {
  if (since === undefined) return '<unknown>';
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(since)) / 1000));
  const [, unit, name, finer] = ageForms.find(([below]) => seconds < below) ?? [0, 1, 's'];
  const rest = finer ? Math.floor((seconds % unit) / finer[0]) : 0;
  return `${Math.floor(seconds / unit)}${name}${finer && rest ? `${rest}${finer[1]}` : ''}`;
}
