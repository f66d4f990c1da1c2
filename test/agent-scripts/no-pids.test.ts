/** A node that is out of PIDs: forks fail, at the start or midway, and the thaw is done and told all the same. */
import { expect, test } from 'vitest';
import { isSelfFrozen, makeTree } from '../real/cgroup.ts';
import { reportIn, runAfter } from '../real/freezer-script.ts';
import { type Hierarchy, onlySees } from '../real/mounts.ts';
import { limitPids } from '../real/pids.ts';
import { sleeper, startIn, until } from '../real/process.ts';
import { describeWith } from '../real/suite.ts';
import { atOnce, freezeAll, pausedPod, podIn } from './pods.ts';

/** bash tries a fork for 15 s before it gives up; SSM ends the script after 120 s. */
const limit = 90_000;

/** Several at a time, each with a lock of its own. */
const ownRun = 'mount -t tmpfs none /run';

/** 1 is the script alone; from 2 on, a worker can start but cannot fork in its turn. */
async function thawUnder(hierarchy: Hierarchy, most: number) {
  const pod = await pausedPod(hierarchy);
  const setup = `${ownRun} && ${limitPids(most).enter}`;
  return { pod, run: runAfter(setup, ['thaw', pod.uid, ...atOnce]) };
}

async function thawThenLimit(hierarchy: Hierarchy) {
  const pod = await pausedPod(hierarchy);
  const pids = limitPids('max');
  const args = ['thaw', pod.uid, '--settle', '0', '--wait', '5'];
  const run = runAfter(`${ownRun} && ${pids.enter}`, args);
  await until('it is thawed', () => !isSelfFrozen(pod.container), 10_000);
  pids.allow(0);
  return { pod, run };
}

describeWith(['v1', 'v2'], 'no PIDs left', () => {
  const title = 'from the start, nearly, or from right after the write';
  test(title, { timeout: limit }, async () => {
    const all = [];
    for (const hierarchy of ['v1', 'v2'] as const) {
      for (const most of [1, 2, 3]) all.push(await thawUnder(hierarchy, most));
      all.push(await thawThenLimit(hierarchy));
    }
    for (const { pod, run } of all) {
      const ended = await run;
      expect(reportIn(ended).targets).toMatchObject([
        { verdict: 'thawed', freezes: [{ path: pod.container.path, action: 'thawed' }] },
      ]);
      expect(isSelfFrozen(pod.container)).toBe(false);
      expect(ended.ms).toBeLessThan(limit);
    }
  });

  test('check --all finds what is frozen', { timeout: limit }, async () => {
    const tree = makeTree('v1');
    const { uid, container } = podIn(tree);
    await startIn([container], sleeper);
    await freezeAll(container);
    const runs = [1, 2].map((most) => {
      const setup = `${onlySees(tree)} && ${limitPids(most).enter}`;
      return runAfter(setup, ['check', '--all', '--settle', '0']);
    });
    for (const run of runs) {
      expect(reportIn(await run).targets).toMatchObject([{ target: uid, verdict: 'frozen' }]);
    }
  });
});
