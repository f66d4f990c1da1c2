/** A paused container is found and freed: by UID, by PID and by path, on the real freezers. */
import { expect, test } from 'vitest';
import { below, freeze, frozen, isFrozen, isSelfFrozen, makeTree, thaw } from '../real/cgroup.ts';
import { reportOf, targetOf } from '../real/freezer-script.ts';
import type { Hierarchy } from '../real/mounts.ts';
import { handlesTerm, isRunning, politeSleeper, sleeper, startIn, until } from '../real/process.ts';
import { describeFreezers } from '../real/suite.ts';
import { podNames } from './pod-names.ts';

const quick = ['--settle', '0', '--wait', '1'];

async function pausedPod(hierarchy: Hierarchy, driver: 'cgroupfs' | 'systemd' = 'cgroupfs') {
  const names = podNames(driver);
  const container = below(makeTree(hierarchy), names.container);
  const { pid, child } = await startIn([container], sleeper);
  freeze(container);
  await frozen(container);
  return { ...names, container, pid, child };
}

describeFreezers('a paused container', (hierarchy) => {
  test('check finds it and changes nothing', async () => {
    const { uid, container } = await pausedPod(hierarchy);
    const target = await targetOf(['check', uid, '--settle', '0']);
    expect(target).toMatchObject({
      target: uid,
      verdict: 'frozen',
      cause: 'paused',
      reason: expect.stringContaining(container.path),
      freezes: [{ hierarchy, path: container.path, level: 'container', action: 'none' }],
      tasks: { total: 1, left: 1, exited: 0 },
    });
    expect(isSelfFrozen(container)).toBe(true);
  });

  test.each(['cgroupfs', 'systemd'] as const)('thaw by UID, %s names', async (driver) => {
    const { uid, container, pid } = await pausedPod(hierarchy, driver);
    const target = await targetOf(['thaw', uid, ...quick]);
    const [before, after] = hierarchy === 'v1' ? ['FROZEN', 'THAWED'] : ['frozen', 'thawed'];
    expect(target).toMatchObject({
      verdict: 'thawed',
      freezes: [
        {
          path: container.path,
          container: expect.stringMatching(/^c0ffee/),
          before,
          after,
          action: 'thawed',
        },
      ],
      tasks: { total: 1, pendingKill: 0, resumes: 1, exited: 0, left: 1 },
    });
    expect(target).not.toHaveProperty('reason');
    expect({ frozen: isFrozen(container), running: isRunning(pid) }).toEqual({
      frozen: false,
      running: true,
    });
  });

  test('thaw by PID and by path', async () => {
    const byPid = await pausedPod(hierarchy);
    const byPath = await pausedPod(hierarchy);
    const report = await reportOf(['thaw', `${byPid.pid}`, byPath.container.path, ...quick]);
    expect(report.targets.map(({ verdict }) => verdict)).toEqual(['thawed', 'thawed']);
    expect([isFrozen(byPid.container), isFrozen(byPath.container)]).toEqual([false, false]);
  });

  test('only the target is thawed', async () => {
    const [target, other] = [await pausedPod(hierarchy), await pausedPod(hierarchy)];
    await reportOf(['thaw', target.uid, ...quick]);
    expect([isFrozen(target.container), isFrozen(other.container)]).toEqual([false, true]);
  });

  test('the settle window is kept: a freeze that lifts in it is left alone', async () => {
    const { uid, container } = await pausedPod(hierarchy);
    const running = targetOf(['thaw', uid, '--settle', '2', '--wait', '0']);
    setTimeout(() => thaw(container), 700);
    expect(await running).toMatchObject({
      verdict: 'not-frozen',
      reason: expect.stringContaining('lifted by itself'),
      freezes: [{ action: 'lifted-by-other' }],
    });
  });
});

describeFreezers('a frozen task with a signal pending', (hierarchy) => {
  test(hierarchy === 'v1' ? 'SIGKILL goes through' : 'a handled SIGTERM goes through', async () => {
    const { uid, child, pid, container } = await withPendingSignal(hierarchy);
    const target = await targetOf(['thaw', uid, ...quick]);
    const killed = hierarchy === 'v1' ? 1 : 0;
    expect(target).toMatchObject({
      verdict: 'thawed',
      tasks: { total: 1, pendingKill: killed, resumes: 1 - killed, exited: 1, left: 0 },
      processes: [{ pid, pending: hierarchy === 'v1' ? ['KILL'] : ['TERM'] }],
    });
    await until('the process ends', () => child.exitCode !== null || child.signalCode !== null);
    expect(isFrozen(container)).toBe(false);
  });
});

async function withPendingSignal(hierarchy: Hierarchy) {
  const names = podNames();
  const container = below(makeTree(hierarchy), names.container);
  const { pid, child } = await startIn([container], hierarchy === 'v1' ? sleeper : politeSleeper);
  if (hierarchy === 'v2') await handlesTerm(pid);
  freeze(container);
  await frozen(container);
  child.kill(hierarchy === 'v1' ? 'SIGKILL' : 'SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(isRunning(pid), 'the signal must not get through while it is frozen').toBe(true);
  return { ...names, pid, child, container };
}
