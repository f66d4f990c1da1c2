/** dockerd on a containerd of its own, with no network and one image: busybox. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Hierarchy } from '../real/mounts.ts';
import { makeRootfs } from './bundle.ts';
import { run } from './command.ts';
import { type Containerd, startContainerd } from './containerd.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import type { PodPlace } from './pod-place.ts';

export type Dockerd = {
  /** The command line of the client. */
  line(...args: string[]): string[];
  docker(...args: string[]): string;
  /** Starts a container in the pod's place. @returns its id */
  start(pod: PodPlace, command: string[]): string;
  stop(): Promise<void>;
};

/** @throws Error with the daemon's log where it does not start */
export async function startDockerd(hierarchy: Hierarchy): Promise<Dockerd> {
  const containerd = await startContainerd(hierarchy);
  const { folder } = containerd;
  const client = ['docker', '--config', folder, '--host', `unix://${folder}/docker.sock`];
  const line = (...args: string[]) => [...client, ...args];
  const docker = (...args: string[]) => run(line(...args)).trim();
  const start = ({ path }: PodPlace, args: string[]) =>
    docker('run', '--detach', '--network', 'none', '--cgroup-parent', path, 'busybox', ...args);
  let daemon: Daemon | undefined;
  const stop = async () => {
    await daemon?.stop();
    await containerd.stop();
  };
  try {
    daemon = await startDaemon(command(containerd), join(folder, 'docker.log'), () =>
      docker('info'),
    );
    importBusybox(folder, client);
    return { line, docker, start, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** In containerd's mount namespace, for they share mounts; with an /etc/docker that ends with it. */
function command({ pid, folder, socket }: Containerd): string[] {
  const own = 'mount -t tmpfs tmpfs /etc/docker && exec "$@"';
  return [
    ...['nsenter', '--target', `${pid}`, '--mount', 'sh', '-c', own, 'sh'],
    ...['dockerd', '--containerd', socket, '--host', `unix://${folder}/docker.sock`],
    ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
    ...['--pidfile', join(folder, 'docker.pid'), '--exec-opt', 'native.cgroupdriver=cgroupfs'],
    ...['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver=vfs'],
  ];
}

function importBusybox(folder: string, client: string[]): void {
  const archive = join(folder, 'busybox.tar');
  run(['tar', '-C', makeRootfs(folder), '-cf', archive, '.']);
  run([...client, 'import', archive, 'busybox']);
  rmSync(archive);
}
