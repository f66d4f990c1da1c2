/** FREEZING for ever, held open by one hung FUSE call: found, explained, and the others released. */
import { expect, test } from 'vitest';
import type { TargetReport } from '../../lambda/domain/report.ts';
import { freeze, isFrozen, isSelfFrozen } from '../real/cgroup.ts';
import { targetOf } from '../real/freezer-script.ts';
import { type Fuse, makeFuse } from '../real/fuse.ts';
import type { Hierarchy } from '../real/mounts.ts';
import { isRunning, sleeper, startIn, status, until } from '../real/process.ts';
import { describeFreezers } from '../real/suite.ts';
import { atOnce, makePod, stackOf, waitsIn } from './pods.ts';

const states = { v1: ['FREEZING', 'THAWED'], v2: ['freezing', 'thawed'] } as const;

describeFreezers(
  'FREEZING held by a hung FUSE call',
  (hierarchy) => {
    test('check names the task that holds it', async () => {
      const { uid, container, hung } = await heldPod(hierarchy, 3);
      const target = await targetOf(['check', uid, ...atOnce]);
      expect(target).toMatchObject({
        verdict: 'frozen',
        cause: 'held-freezing',
        freezes: [{ path: container.path, before: states[hierarchy][0], action: 'none' }],
        tasks: { total: 4 },
      });
      expectBlamed(target, hung);
      expect(target.reason).toContain(`${container.path} is ${states[hierarchy][0]}`);
      expect(isSelfFrozen(container)).toBe(true);
    });

    test('names it among a crowd', async () => {
      const { uid, hung } = await heldPod(hierarchy, 30);
      expectBlamed(await targetOf(['check', uid, ...atOnce]), hung);
    });

    test('a thaw lets the others go, and says what holds the one that is left', async () => {
      const { uid, container, hung, others, fuse } = await heldPod(hierarchy, 3);
      for (const pid of [hung, ...others]) process.kill(pid, 'SIGKILL');
      const target = await targetOf(['thaw', uid, '--settle', '0', '--wait', '1']);
      // SIGKILL goes through the v2 freezer by itself.
      const held = hierarchy === 'v1' ? 4 : 1;
      expect(target).toMatchObject({
        verdict: 'thawed',
        cause: 'held-freezing',
        holding: 'fuse',
        freezes: [{ before: states[hierarchy][0], after: states[hierarchy][1], action: 'thawed' }],
        tasks: { total: held, pendingKill: held, resumes: 0, exited: held - 1, left: 1 },
      });
      expect(others.map(isRunning)).toEqual([false, false, false]);
      expect([isRunning(hung), isFrozen(container)]).toEqual([true, false]);
      fuse.wake();
      await until('the hung task ends, once the server answers', () => !isRunning(hung));
    });

    test('without a signal, the others run on', async () => {
      const { uid, others } = await heldPod(hierarchy, 2);
      const target = await targetOf(['thaw', uid, ...atOnce]);
      expect(target).toMatchObject({
        verdict: 'thawed',
        tasks: { resumes: 3, exited: 0, left: 3 },
      });
      await until('the others are not frozen', () => !others.some(looksFrozen[hierarchy]));
    });
  },
  ['fuse'],
);

function expectBlamed({ reason, processes }: TargetReport, tid: number): void {
  expect(reason).toContain(`task ${tid} (cat) waits for fuse`);
  expect(processes).toContainEqual(
    expect.objectContaining({ tid, comm: 'cat', state: 'D', wchan: 'request_wait_answer' }),
  );
}

type Held = ReturnType<typeof makePod> & { hung: number; others: number[]; fuse: Fuse };

/** A pod with `count` sleepers and one task in a hung FUSE call, told to freeze. */
async function heldPod(hierarchy: Hierarchy, count: number): Promise<Held> {
  const pod = makePod(hierarchy);
  const fuse = await makeFuse();
  fuse.hang();
  const others: number[] = [];
  for (let index = 0; index < count; index++) {
    others.push((await startIn([pod.container], sleeper)).pid);
  }
  const { pid: hung } = await startIn([pod.container], ['cat', `${fuse.mount}/f`]);
  for (const pid of others) await waitsIn(pid, /nanosleep/);
  await waitsIn(hung, /request_wait_answer/);
  await fuse.taken();
  freeze(pod.container);
  await until('the others are frozen, it is not', () => {
    return others.every((pid) => looksFrozen[hierarchy](pid)) && !isFrozen(pod.container);
  });
  return { ...pod, hung, others, fuse };
}

const looksFrozen = {
  v1: (pid: number) => status(pid, 'State')?.startsWith('D') === true,
  v2: (pid: number) => stackOf(pid).includes('get_signal'),
};
