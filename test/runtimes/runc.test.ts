/** Containers that runc paused, and one that was frozen from within: the script frees them, and runc goes on. */
import { writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { freeze, frozen, isFrozen, makeCgroup, tidsIn } from '../real/cgroup.ts';
import { targetOf } from '../real/freezer-script.ts';
import type { Hierarchy } from '../real/mounts.ts';
import { isRunning, status, until } from '../real/process.ts';
import { parent, sleeper } from './bundle.ts';
import { run } from './command.ts';
import { choosePodPlace } from './pod-place.ts';
import { startRunc } from './runc.ts';
import { describeRuntime } from './suite.ts';

const atOnce = ['--settle', '0', '--wait', '0'];
const untilGone = ['--settle', '0', '--wait', '5'];

function startContainer(hierarchy: Hierarchy, command = sleeper) {
  const pod = choosePodPlace();
  onTestFinished(pod.remove);
  const container = startRunc(hierarchy, pod, command);
  onTestFinished(async () => {
    await pod.remove();
    container.discard();
  });
  return { uid: pod.uid, ...container, cgroup: makeCgroup(hierarchy, container.path) };
}

describeRuntime(['runc', 'busybox'], 'a container of runc', (hierarchy) => {
  test('paused: after the thaw it runs on, and runc ends and deletes it', async () => {
    const { uid, pid, path, line, status: runcStatus } = startContainer(hierarchy);
    run(line('pause'));
    expect(runcStatus()).toBe('paused');
    expect(await targetOf(['thaw', uid, ...atOnce])).toMatchObject({
      verdict: 'thawed',
      cause: 'paused',
      freezes: [{ hierarchy, path, level: 'container', action: 'thawed' }],
      tasks: { total: 1, pendingKill: 0, resumes: 1, left: 1 },
    });
    expect({ runc: runcStatus(), runs: isRunning(pid) }).toEqual({ runc: 'running', runs: true });
    run(line('kill', 'KILL'));
    await until('runc says stopped', () => runcStatus() === 'stopped');
    run(line('delete'));
    expect(runcStatus).toThrow('does not exist');
  });

  if (hierarchy === 'v1') testsOfV1();
  else testsOfV2();
});

function testsOfV1(): void {
  // runc thaws a container itself since 1.1 before it kills it: an older one or a plain kill(2) does not.
  test('paused, and killed past runc: gone after the thaw', async () => {
    const { uid, pid, line, status: runcStatus } = startContainer('v1');
    run(line('pause'));
    process.kill(pid, 'SIGKILL');
    expect({ runc: runcStatus(), state: status(pid, 'State') }).toEqual({
      runc: 'paused',
      state: expect.stringMatching(/^D/),
    });
    expect(await targetOf(['thaw', uid, ...untilGone])).toMatchObject({
      verdict: 'thawed',
      cause: 'paused',
      tasks: { total: 1, pendingKill: 1, resumes: 0, exited: 1, left: 0 },
      processes: [{ pid, pending: ['KILL'] }],
    });
    expect({ runs: isRunning(pid), runc: runcStatus() }).toEqual({ runs: false, runc: 'stopped' });
    run(line('delete'));
  });

  // https://github.com/opencontainers/runc/issues/2105
  test('frozen from within: runc kill says yes, nothing dies, until the thaw', async () => {
    const { uid, pid, path, line, cgroup } = startContainer('v1', parent);
    await until('the child runs', () => tidsIn(cgroup).length === 2);
    const child = tidsIn(cgroup).find((tid) => tid !== pid);
    const nested = makeCgroup('v1', `${path}/nested`);
    writeFileSync(`${nested.dir}/cgroup.procs`, `${child}`);
    freeze(nested);
    await frozen(nested);
    run(line('kill', 'KILL'));
    await until('init waits for its child', () => tidsIn(cgroup).length === 0);
    expect({ container: isFrozen(cgroup), init: isRunning(pid) }).toEqual({
      container: false,
      init: true,
    });
    expect(await targetOf(['thaw', uid, ...untilGone])).toMatchObject({
      verdict: 'thawed',
      cause: 'nested',
      freezes: [{ path: nested.path, level: 'nested', before: 'FROZEN', action: 'thawed' }],
      tasks: { pendingKill: 1, resumes: 0, exited: 1, left: 0 },
    });
    await until('init is gone', () => !isRunning(pid));
    run(line('delete'));
  });
}

function testsOfV2(): void {
  test('paused, and killed: it dies frozen, but runc deletes it only after the thaw', async () => {
    const { uid, pid, line } = startContainer('v2');
    run(line('pause'));
    process.kill(pid, 'SIGKILL');
    await until('it is gone', () => !isRunning(pid));
    expect(() => run(line('delete'))).toThrow('paused');
    expect(await targetOf(['thaw', uid, ...untilGone])).toMatchObject({
      verdict: 'thawed',
      freezes: [{ hierarchy: 'v2', level: 'container', action: 'thawed' }],
      tasks: { total: 0, left: 0 },
    });
    run(line('delete'));
  });
}
