/** Which cgroup version a runtime takes: it judges by what is mounted at /sys/fs/cgroup. */
import { type Hierarchy, mountPoint } from '../real/mounts.ts';

/** Put before a command: it sees a node of that version then, in a mount namespace of its own. */
export function onNodeWith(hierarchy: Hierarchy): string[] {
  if (hierarchy === 'v1' || mountPoint('v2') === '/sys/fs/cgroup') return [];
  return inMountNamespace('mount -t cgroup2 cgroup2 /sys/fs/cgroup');
}

/** Put before a command: `mounts`, shell commands, are made for it alone. `$0` in them is `name`. */
export function inMountNamespace(mounts: string, name = 'mounts'): string[] {
  return ['unshare', '--mount', 'sh', '-c', `${mounts} && exec "$@"`, name];
}
