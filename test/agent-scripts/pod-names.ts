/** Pods' cgroups, named as the kubelet's two drivers name them. */
import { randomUUID } from 'node:crypto';

export type Driver = 'cgroupfs' | 'systemd';

export type PodNames = { uid: string; pod: string; container: string };

/** Fresh names of a burstable pod with one container; paths without a leading slash. */
export function podNames(driver: Driver = 'cgroupfs', uid: string = randomUUID()): PodNames {
  const id = `c0ffee${uid.replaceAll('-', '')}`;
  if (driver === 'cgroupfs') {
    const pod = `kubepods/burstable/pod${uid}`;
    return { uid, pod, container: `${pod}/${id}` };
  }
  const slice = `kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`;
  const pod = `kubepods.slice/kubepods-burstable.slice/${slice}`;
  return { uid, pod, container: `${pod}/cri-containerd-${id}.scope` };
}
