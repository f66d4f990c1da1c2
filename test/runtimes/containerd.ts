/** containerd by itself: its folders, its socket and its /run are its own, and go with it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hierarchy } from '../real/mounts.ts';
import { run } from './command.ts';
import { killIn, mountNamespace, startDaemon } from './daemon.ts';
import { inMountNamespace, onNodeWith } from './hierarchy.ts';

export type Containerd = {
  pid: number;
  /** For what belongs to it. */
  folder: string;
  socket: string;
  ctr(...args: string[]): string;
  stop(): Promise<void>;
};

/** @throws Error with its log where it does not start */
export async function startContainerd(hierarchy: Hierarchy): Promise<Containerd> {
  const folder = mkdtempSync(join(tmpdir(), 'podthaw-containerd-'));
  const socket = join(folder, 'containerd.sock');
  // Shims and ctr keep sockets and pipes in /run/containerd, whatever they are told.
  const ownRun = inMountNamespace('mount --bind "$0/run" /run', folder);
  const ctr = (...args: string[]) => run([...ownRun, 'ctr', '--address', socket, ...args]);
  mkdirSync(join(folder, 'run'));
  writeFileSync(join(folder, 'config.toml'), config(folder, socket));
  const containerd = ['containerd', '--config', join(folder, 'config.toml')];
  const command = [...ownRun, ...onNodeWith(hierarchy), ...containerd];
  const removeFolder = () => rmSync(folder, { recursive: true });
  const daemon = await startDaemon(command, join(folder, 'log'), () => ctr('version')).catch(
    (error: unknown) => {
      removeFolder();
      throw error;
    },
  );
  const namespace = mountNamespace(daemon.pid);
  const stop = async () => {
    await daemon.stop();
    if (namespace !== undefined) killIn(namespace);
    removeFolder();
  };
  return { pid: daemon.pid, folder, socket, ctr, stop };
}

function config(folder: string, socket: string): string {
  return `version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"
`;
}
