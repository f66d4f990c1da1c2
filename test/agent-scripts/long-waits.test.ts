/** What takes long by its nature, side by side: a lock that stays held, and forks that fail. */
import { expect, test } from 'vitest';
import { isSelfFrozen, makeTree } from '../real/cgroup.ts';
import { reportIn, run, runAfter, runFolder } from '../real/freezer-script.ts';
import { holdLock } from '../real/lock.ts';
import { type Hierarchy, onlySees } from '../real/mounts.ts';
import { limitPids } from '../real/pids.ts';
import { sleeper, startIn, until } from '../real/process.ts';
import { describeWith } from '../real/suite.ts';
import { atOnce, freezeAll, pausedPod, podIn } from './pods.ts';

/** bash tries a fork for 15 s before it gives up, some versions twice; SSM ends the script after 120 s. */
const limit = 90_000;

/** Each with a lock of its own. */
const ownRun = 'mount -t tmpfs none /run';

async function isBusy(): Promise<void> {
  const { uid, container } = await pausedPod('v1');
  await holdLock(runFolder);
  const { status, stdout, stderr, ms } = await run(['thaw', uid, ...atOnce]);
  expect({ status, stdout, stderr }).toEqual({
    status: 3,
    stdout: '',
    stderr: 'freezer.sh: busy: another thaw held the lock for 30 s\n',
  });
  expect(ms).toBeGreaterThan(29_000);
  expect(isSelfFrozen(container)).toBe(true);
}

/** 1 is the script alone; with more, a worker can start but cannot fork in its turn. */
async function thawsUnder(hierarchy: Hierarchy, most: number): Promise<void> {
  const pod = await pausedPod(hierarchy);
  const setup = `${ownRun} && ${limitPids(most).enter}`;
  await thaws(pod.container.path, await runAfter(setup, ['thaw', pod.uid, ...atOnce]));
}

/** The second write, after two seconds, cannot be forked: the first must still be told of. */
async function thawsBeforeTheLimit(hierarchy: Hierarchy): Promise<void> {
  const pod = await pausedPod(hierarchy);
  const pids = limitPids('max');
  const args = ['thaw', pod.uid, '--settle', '0', '--wait', '5'];
  const running = runAfter(`${ownRun} && ${pids.enter}`, args);
  await until('it is thawed', () => !isSelfFrozen(pod.container), 10_000);
  pids.allow(0);
  await thaws(pod.container.path, await running);
}

async function thaws(path: string, ended: Awaited<ReturnType<typeof run>>): Promise<void> {
  expect(reportIn(ended).targets).toMatchObject([
    { verdict: 'thawed', freezes: [{ path, action: 'thawed' }] },
  ]);
  expect(ended.ms).toBeLessThan(limit);
}

async function findsUnder(most: number): Promise<void> {
  const tree = makeTree('v1');
  const { uid, container } = podIn(tree);
  await startIn([container], sleeper);
  await freezeAll(container);
  const setup = `${onlySees(tree)} && ${limitPids(most).enter}`;
  const ended = await runAfter(setup, ['check', '--all', '--settle', '0']);
  expect(reportIn(ended).targets).toMatchObject([{ target: uid, verdict: 'frozen' }]);
}

describeWith(['v1', 'v2'], 'long waits', () => {
  test('busy after 30 s; no PIDs from the start, nearly, or from right after the write', {
    timeout: limit,
  }, async () => {
    await Promise.all([
      isBusy(),
      ...[1, 2, 3].map((most) => thawsUnder('v1', most)),
      ...[1, 2, 3].map((most) => thawsUnder('v2', most)),
      ...(['v1', 'v2'] as const).map(thawsBeforeTheLimit),
      ...[1, 2].map(findsUnder),
    ]);
  });
});
