/** A pod on a fake tree, for machines without root or a freezer: files that look like v2's, and a kernel's part played by a timer. */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { StuckPod } from './stuck-pod.ts';

const PID = 4242;
const SIGTERM_PENDING = '0000000000004000';

/** Makes the tree in the system's temporary folder; `PODTHAW_HOST_ROOT` points freezer.sh at it. */
export async function makeFakePod(): Promise<StuckPod> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'podthaw-demo-'));
  const uid = randomUUID();
  const relative = `/kubepods/burstable/pod${uid}/demo`;
  const cgroup = path.join(root, 'sys/fs/cgroup', relative);
  await writeTree(root, relative);
  const kernel = setInterval(() => void playKernel(root, cgroup), 5);
  const state = async () => {
    const events = await readFile(path.join(cgroup, 'cgroup.events'), 'utf8');
    return events.includes('frozen 1') ? 'FROZEN' : 'THAWED';
  };
  const gone = async () => (await state()) === 'THAWED';
  return {
    uid,
    pid: PID,
    path: relative,
    tried: 'SIGTERM',
    environment: { PODTHAW_HOST_ROOT: root },
    state,
    processState: async () => ((await gone()) ? undefined : 'state S (sleeping), pending SIGTERM'),
    gone,
    remove: async () => {
      clearInterval(kernel);
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function writeTree(root: string, relative: string): Promise<void> {
  const status = ['Name:\tsleep', 'State:\tS (sleeping)', `Tgid:\t${PID}`, `Pid:\t${PID}`];
  const pending = [`SigPnd:\t${'0'.repeat(16)}`, `ShdPnd:\t${SIGTERM_PENDING}`];
  const files: Record<string, string> = {
    'proc/self/mountinfo': '30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
    'proc/self/cgroup': '0::/\n',
    'proc/sys/kernel/hostname': 'demo-node\n',
    'proc/sys/kernel/osrelease': '6.1.0-demo\n',
    [`proc/${PID}/status`]: `${[...status, 'PPid:\t1', `NSpid:\t${PID}`, ...pending].join('\n')}\n`,
    [`proc/${PID}/comm`]: 'sleep\n',
    [`proc/${PID}/cgroup`]: `0::${relative}\n`,
    [`proc/${PID}/wchan`]: 'get_signal',
  };
  for (let folder = relative; folder !== '/'; folder = path.dirname(folder)) {
    const own = folder === relative;
    files[`sys/fs/cgroup${folder}/cgroup.freeze`] = own ? '1\n' : '0\n';
    files[`sys/fs/cgroup${folder}/cgroup.events`] = `populated 1\nfrozen ${own ? 1 : 0}\n`;
    files[`sys/fs/cgroup${folder}/cgroup.threads`] = own ? `${PID}\n` : '';
    files[`sys/fs/cgroup${folder}/cgroup.procs`] = own ? `${PID}\n` : '';
  }
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(root, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}

/** What the kernel would do at a thaw: the state changes, the pending signal comes through. */
async function playKernel(root: string, cgroup: string): Promise<void> {
  const own = await readFile(path.join(cgroup, 'cgroup.freeze'), 'utf8').catch(() => '1');
  if (own.trim() !== '0') return;
  await replace(path.join(cgroup, 'cgroup.events'), 'populated 0\nfrozen 0\n');
  await replace(path.join(cgroup, 'cgroup.threads'), '');
  await replace(path.join(cgroup, 'cgroup.procs'), '');
  await rm(path.join(root, 'proc', String(PID)), { recursive: true, force: true });
}

/** A reader sees the old content or the new, never half of it; a tree being removed is let be. */
async function replace(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, content)
    .then(() => rename(`${file}.new`, file))
    .catch(() => undefined);
}
