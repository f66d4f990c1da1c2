/** A freeze that comes back, one that cannot be lifted, and one that was left alone: told apart. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Cgroup, freeze, isSelfFrozen } from '../real/cgroup.ts';
import { reportIn, runAfter, targetOf } from '../real/freezer-script.ts';
import { mountPoint } from '../real/mounts.ts';
import { until } from '../real/process.ts';
import { describeFreezers } from '../real/suite.ts';
import { atOnce, pausedPod } from './pods.ts';

/** Not in the instant of the write: a bit that nobody ever saw cleared is a thaw that failed. */
async function comeBack(cgroup: Cgroup): Promise<void> {
  await sleep(100);
  freeze(cgroup);
}

/** Something that freezes it again whenever it is thawed, until the run has ended. */
async function whileFrozenAgain<T>(cgroup: Cgroup, running: Promise<T>): Promise<T> {
  let over = false;
  const again = async () => {
    for (let turns = 0; turns < 1000 && !over; turns += 1) {
      if (!isSelfFrozen(cgroup)) await comeBack(cgroup);
      await sleep(20);
    }
  };
  const [result] = await Promise.all([running.finally(() => (over = true)), again()]);
  return result;
}

describeFreezers('after a thaw', (hierarchy) => {
  test('a freeze that comes back is refrozen', async () => {
    const { uid, container } = await pausedPod(hierarchy);
    const running = targetOf(['thaw', uid, '--settle', '0', '--wait', '1']);
    await until('it is thawed', () => !isSelfFrozen(container), 10_000);
    await comeBack(container);
    expect(await running).toMatchObject({
      verdict: 'refrozen',
      reason: expect.stringContaining('froze again'),
      freezes: [
        { path: container.path, action: 'thawed', after: hierarchy === 'v1' ? 'FROZEN' : 'frozen' },
      ],
    });
  });

  test('one that comes back whenever it is lifted is refrozen too, and left at that', async () => {
    const { uid, container } = await pausedPod(hierarchy);
    const running = targetOf(['thaw', uid, '--settle', '0', '--wait', '1']);
    const target = await whileFrozenAgain(container, running);
    expect(target).toMatchObject({ verdict: 'refrozen', freezes: [{ path: container.path }] });
    expect(isSelfFrozen(container)).toBe(true);
  });

  test('a write that the kernel refuses is thaw-failed', async () => {
    const { uid, container } = await pausedPod(hierarchy);
    const point = mountPoint(hierarchy);
    const setup = `mount --bind ${point} ${point} && mount -o remount,bind,ro ${point}`;
    const [target] = reportIn(await runAfter(setup, ['thaw', uid, ...atOnce])).targets;
    expect(target).toMatchObject({
      verdict: 'thaw-failed',
      reason: `the write to ${container.path} failed`,
      freezes: [{ path: container.path, action: 'failed' }],
    });
    expect(isSelfFrozen(container)).toBe(true);
  });

  test('another freeze, that came meanwhile, is frozen: it was not there for long', async () => {
    const { uid, container, pod } = await pausedPod(hierarchy);
    const running = targetOf(['thaw', uid, '--settle', '0', '--wait', '1']);
    await until('it is thawed', () => !isSelfFrozen(container), 10_000);
    freeze(pod);
    expect(await running).toMatchObject({
      verdict: 'frozen',
      reason: `${pod.path} froze while we looked on: not long enough to act on`,
    });
    expect([isSelfFrozen(container), isSelfFrozen(pod)]).toEqual([false, true]);
  });
});
