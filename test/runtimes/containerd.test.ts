/** Tasks that containerd paused: the script frees them, and containerd goes on. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { targetOf } from '../real/freezer-script.ts';
import { isRunning, status, until } from '../real/process.ts';
import { makeBundle, sleeper } from './bundle.ts';
import { type Containerd, startContainerd } from './containerd.ts';
import { choosePodPlace } from './pod-place.ts';
import { describeRuntime } from './suite.ts';

const atOnce = ['--settle', '0', '--wait', '0'];
const untilGone = ['--settle', '0', '--wait', '5'];

describeRuntime(['containerd', 'ctr', 'runc', 'busybox'], 'a task of containerd', (hierarchy) => {
  let containerd: Containerd;

  beforeAll(async () => {
    containerd = await startContainerd(hierarchy);
  });
  afterAll(() => containerd?.stop());

  /** Its id is its pod's UID. */
  function startTask() {
    const { ctr, folder } = containerd;
    const pod = choosePodPlace();
    const [id, path] = [pod.uid, `${pod.path}/${pod.uid}`];
    const bundle = join(folder, id);
    mkdirSync(bundle);
    onTestFinished(pod.remove);
    ctr('run', '--detach', '--null-io', '--config', makeBundle(bundle, path, sleeper), id);
    const listed = () => new RegExp(`^${id} +(\\d+) +(\\w+)`, 'm').exec(ctr('task', 'list')) ?? [];
    const shown = () => listed()[2];
    onTestFinished(async () => {
      await pod.remove();
      if (shown() !== undefined) ctr('task', 'delete', '--force', id);
    });
    return { id, path, pid: Number(listed()[1]), shown };
  }

  test('paused: after the thaw it runs on, and ctr ends and deletes it', async () => {
    const { ctr } = containerd;
    const { id, path, pid, shown } = startTask();
    ctr('task', 'pause', id);
    expect(shown()).toBe('PAUSED');
    expect(await targetOf(['thaw', id, ...atOnce])).toMatchObject({
      verdict: 'thawed',
      cause: 'paused',
      freezes: [{ hierarchy, path, level: 'container', container: id, action: 'thawed' }],
      tasks: { total: 1, pendingKill: 0, resumes: 1, left: 1 },
    });
    expect(isRunning(pid)).toBe(true);
    ctr('task', 'kill', '--signal', 'SIGKILL', id);
    await until('ctr says stopped', () => shown() === 'STOPPED');
    ctr('task', 'delete', id);
    ctr('container', 'delete', id);
  });

  if (hierarchy === 'v2') return;
  test('paused, and killed past containerd: gone after the thaw', async () => {
    const { ctr } = containerd;
    const { id, pid, shown } = startTask();
    ctr('task', 'pause', id);
    process.kill(pid, 'SIGKILL');
    expect(status(pid, 'State')).toMatch(/^D/);
    expect(await targetOf(['thaw', id, ...untilGone])).toMatchObject({
      verdict: 'thawed',
      tasks: { total: 1, pendingKill: 1, resumes: 0, exited: 1, left: 0 },
      processes: [{ pid, pending: ['KILL'] }],
    });
    await until('ctr says stopped', () => shown() === 'STOPPED');
    ctr('task', 'delete', id);
    ctr('container', 'delete', id);
  });
});
