/** A pod as the Kubernetes API holds it, and the columns that `kubectl get pods -o wide` prints. */

/** Only what podthaw and the table read has a type; any other field goes through as it is. */
export type Pod = {
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    deletionGracePeriodSeconds?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
    ownerReferences?: object[];
    [other: string]: unknown;
  };
  spec?: {
    nodeName?: string;
    containers?: object[];
    nominatedNodeName?: string;
    [other: string]: unknown;
  };
  status?: {
    phase?: string;
    reason?: string;
    podIP?: string;
    containerStatuses?: ContainerStatus[];
    [other: string]: unknown;
  };
};

type ContainerStatus = {
  ready?: boolean;
  restartCount?: number;
  state?: { waiting?: { reason?: string }; terminated?: { reason?: string; exitCode?: number } };
  [other: string]: unknown;
};

/** The API server's printer columns for pods; those of priority 1 are what `-o wide` adds. */
export const podColumns = [
  column('Name', 'string', 0, 'name'),
  column('Ready', 'string', 0),
  column('Status', 'string', 0),
  column('Restarts', 'string', 0),
  column('Age', 'string', 0),
  column('IP', 'string', 1),
  column('Node', 'string', 1),
  column('Nominated Node', 'string', 1),
  column('Readiness Gates', 'string', 1),
];

/** The cells of one row, in the order of `podColumns`. */
export function podCells({ metadata, spec, status }: Pod, now: Date): string[] {
  const containers = status?.containerStatuses ?? [];
  const ready = containers.filter((container) => container.ready).length;
  const restarts = containers.reduce((sum, container) => sum + (container.restartCount ?? 0), 0);
  return [
    metadata.name,
    `${ready}/${spec?.containers?.length ?? containers.length}`,
    statusOf({ metadata, status }),
    String(restarts),
    age(metadata.creationTimestamp, now),
    status?.podIP ?? '<none>',
    spec?.nodeName ?? '<none>',
    spec?.nominatedNodeName ?? '<none>',
    '<none>',
  ];
}

/** `Terminating` wins over whatever its containers say, except where the node is lost. */
function statusOf({ metadata, status }: Pick<Pod, 'metadata'> & { status: Pod['status'] }): string {
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

function age(since: string | undefined, now: Date): string {
  if (since === undefined) return '<unknown>';
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(since)) / 1000));
  const [, unit, name, finer] = ageForms.find(([below]) => seconds < below) ?? [0, 1, 's'];
  const rest = finer ? Math.floor((seconds % unit) / finer[0]) : 0;
  return `${Math.floor(seconds / unit)}${name}${finer && rest ? `${rest}${finer[1]}` : ''}`;
}

function column(name: string, type: string, priority: number, format = '') {
  return { name, type, format, description: name, priority };
}
