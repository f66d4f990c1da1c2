/** Containers that docker paused: the script frees them, and docker goes on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { freeze, frozen, makeCgroup } from '../real/cgroup.ts';
import { targetOf } from '../real/freezer-script.ts';
import { isRunning, status, until } from '../real/process.ts';
import { politeSleeper, sleeper } from './bundle.ts';
import { type Dockerd, startDockerd } from './dockerd.ts';
import { choosePodPlace } from './pod-place.ts';
import type { Program } from './programs.ts';
import { describeRuntime } from './suite.ts';

const atOnce = ['--settle', '0', '--wait', '0'];
const untilGone = ['--settle', '0', '--wait', '5'];
const programs: Program[] = ['docker', 'dockerd', 'containerd', 'runc', 'busybox'];

describeRuntime(programs, 'a container of docker', (hierarchy) => {
  let dockerd: Dockerd;

  beforeAll(async () => {
    dockerd = await startDockerd(hierarchy);
  });
  afterAll(() => dockerd?.stop());

  function startContainer(command: string[]) {
    const { docker, start } = dockerd;
    const pod = choosePodPlace();
    onTestFinished(pod.remove);
    const id = start(pod, command);
    onTestFinished(async () => {
      await pod.remove();
      docker('rm', '--force', id);
    });
    const shown = (field: string) => docker('inspect', '--format', `{{.State.${field}}}`, id);
    return { pod, id, path: `${pod.path}/${id}`, pid: Number(shown('Pid')), shown };
  }

  test('paused: after the thaw it runs on; docker still says paused, and kills and removes it', async () => {
    const { docker } = dockerd;
    const { pod, id, path, pid, shown } = startContainer(sleeper);
    docker('pause', id);
    expect(await targetOf(['thaw', pod.uid, ...atOnce])).toMatchObject({
      verdict: 'thawed',
      cause: 'paused',
      freezes: [{ hierarchy, path, level: 'container', container: id, action: 'thawed' }],
      tasks: { total: 1, pendingKill: 0, resumes: 1, left: 1 },
    });
    expect({ runs: isRunning(pid), docker: shown('Status') }).toEqual({
      runs: true,
      docker: 'paused',
    });
    docker('kill', id);
    await until('docker says exited', () => shown('Status') === 'exited');
    docker('rm', id);
  });

  test('paused, and asked to stop: after the thaw it shuts down by its own handler', async () => {
    const { docker } = dockerd;
    const { pod, id, pid, shown } = startContainer(politeSleeper);
    docker('pause', id);
    process.kill(pid, 'SIGTERM');
    expect(await targetOf(['thaw', pod.uid, ...untilGone])).toMatchObject({
      verdict: 'thawed',
      processes: expect.arrayContaining([expect.objectContaining({ pid, pending: ['TERM'] })]),
    });
    await until('docker says exited', () => shown('Status') === 'exited');
    expect(shown('ExitCode')).toBe('0');
    docker('rm', id);
  });

  if (hierarchy === 'v1') testsOfV1();

  function testsOfV1(): void {
    test('paused, and killed past docker: gone after the thaw', async () => {
      const { docker } = dockerd;
      const { pod, id, pid, shown } = startContainer(sleeper);
      docker('pause', id);
      process.kill(pid, 'SIGKILL');
      expect({ docker: shown('Status'), state: status(pid, 'State') }).toEqual({
        docker: 'paused',
        state: expect.stringMatching(/^D/),
      });
      expect(await targetOf(['thaw', pod.uid, ...untilGone])).toMatchObject({
        verdict: 'thawed',
        tasks: { total: 1, pendingKill: 1, resumes: 0, exited: 1, left: 0 },
      });
      await until('docker says exited', () => shown('Status') === 'exited');
      expect(shown('ExitCode')).toBe('137');
      docker('rm', id);
    });

    test('the whole pod frozen: docker kill waits in vain, until the thaw', async () => {
      const { docker, line } = dockerd;
      const { pod, id, pid, shown } = startContainer(sleeper);
      const cgroup = makeCgroup('v1', pod.path);
      freeze(cgroup);
      await frozen(cgroup);
      const [client = '', ...args] = line('kill', id);
      const killing = spawn(client, args, { stdio: 'ignore' });
      const killed = once(killing, 'exit');
      await until('SIGKILL is pending', () => /1..$/.test(status(pid, 'ShdPnd') ?? ''), 5000);
      expect({ docker: shown('Status'), waits: killing.exitCode }).toEqual({
        docker: 'running',
        waits: null,
      });
      expect(await targetOf(['thaw', pod.uid, ...untilGone])).toMatchObject({
        verdict: 'thawed',
        cause: 'pod',
        freezes: [{ path: pod.path, level: 'pod', action: 'thawed' }],
        tasks: { total: 1, pendingKill: 1, exited: 1, left: 0 },
      });
      expect(await killed).toEqual([0, null]);
      docker('rm', id);
    });
  }
});
