/** A pod that is being deleted, as far as podthaw needs to know it. */

export interface TerminatingPod {
  /** metadata.uid: a pod of the same name with another UID is another pod. */
  uid: string;
  namespace: string;
  name: string;
  /** spec.nodeName; undefined while unscheduled. */
  node: string | undefined;
  /** metadata.deletionTimestamp, RFC 3339; it already includes the grace period. */
  deletionTimestamp: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  finalizers: readonly string[];
}

/** `namespace/name`, as kubectl users write it. */
export function podKey(pod: { namespace: string; name: string }): string {
  return `${pod.namespace}/${pod.name}`;
}

/** Whole seconds since the grace period ended; negative while it still runs. */
export function overdueSeconds(pod: TerminatingPod, now: Date): number {
  return Math.floor((now.getTime() - Date.parse(pod.deletionTimestamp)) / 1000);
}

/**
 * The UID in the pod's cgroup names. A static pod's mirror has another UID in the API than the
 * cgroup; the kubelet's own is the mirror's `kubernetes.io/config.hash`.
 */
export function cgroupUid(pod: TerminatingPod): string {
  if (pod.annotations['kubernetes.io/config.mirror'] === undefined) return pod.uid;
  return pod.annotations['kubernetes.io/config.hash'] ?? pod.uid;
}

const HOLD = 'podthaw.dev/hold';

/** Why a thaw must leave this pod alone, or undefined. */
export function holdReason(
  pod: TerminatingPod,
  protectedNamespaces: readonly string[],
): string | undefined {
  if (pod.labels[HOLD] === 'true') return `label ${HOLD}: "true"`;
  if (pod.annotations[HOLD] === 'true') return `annotation ${HOLD}: "true"`;
  if (protectedNamespaces.includes(pod.namespace)) return `protected namespace ${pod.namespace}`;
  return undefined;
}
