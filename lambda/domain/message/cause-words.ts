/** What each cause is called, and what a person does about it. */
import type { Cause } from '../report.ts';

interface CauseWords {
  name: string;
  /** Where it still holds the pod. */
  step: string;
}

const CAUSES: { readonly [cause in Cause]: CauseWords } = {
  'held-freezing': {
    name: 'a freeze that cannot complete (FREEZING)',
    step: 'A task in uninterruptible sleep keeps the freeze open: find what it waits for (NFS, FUSE, a disk) and bring that back.',
  },
  'above-pod': {
    name: 'a freeze of a cgroup above the pod',
    step: 'Find out who froze the cgroup above the pod; whoever may lift it runs freezer.sh with --above-pod on the node.',
  },
  pod: {
    name: "a freeze of the pod's own cgroup",
    step: 'Find out who froze the pod: the kubelet or runc killed in mid-update, or a tool of yours.',
  },
  nested: {
    name: 'a freeze nested below the container',
    step: 'Find the runtime inside the container that paused its own containers.',
  },
  paused: {
    name: 'a paused container',
    step: 'Find out who paused the container: docker or ctr pause, a checkpoint that died, a security tool.',
  },
  'outside-pod': {
    name: 'a freeze of a cgroup outside any pod',
    step: 'podthaw lifts no freeze outside pods: find out who froze that cgroup.',
  },
  nfs: {
    name: 'NFS or EFS that does not answer',
    step: 'Bring the NFS server or the EFS mount target back; the process dies by itself then.',
  },
  fuse: {
    name: 'a FUSE file system that does not answer',
    step: 'Restart the FUSE daemon, or abort its connection: echo 1 > /sys/fs/fuse/connections/N/abort.',
  },
  fsfreeze: {
    name: 'a frozen file system (fsfreeze)',
    step: 'See that the snapshot is over, then: fsfreeze --unfreeze MOUNTPOINT.',
  },
  'block-io': {
    name: 'block I/O that does not return (EBS)',
    step: "Look at the EBS volume's status and the node's kernel log; if the volume is lost, detach it by force or replace the node.",
  },
  'waiting-for-child': {
    name: 'a process that waits for its child',
    step: 'Find the child that it waits for; it may be frozen or in I/O elsewhere.',
  },
  zombie: {
    name: 'zombies that nobody reaps',
    step: "Look at the container's shim on the node; restart containerd if the shim is gone.",
  },
  running: {
    name: 'processes that still run',
    step: "Nobody has sent them a signal: read the kubelet's log on the node.",
  },
  'no-tasks': {
    name: 'nothing of it left on the node',
    step: 'Look at its finalizers and volumes: kubectl describe pod, kubectl get volumeattachments.',
  },
  unknown: {
    name: 'a cause that is not known',
    step: 'Look on the node: freezer.sh check, and the kernel log.',
  },
};

export function causeWords(cause: Cause): CauseWords {
  return CAUSES[cause];
}
