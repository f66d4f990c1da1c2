/** Cgroups and tasks that come and go under the script's eyes: "gone" is no error. */
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { below, type Cgroup, freeze, isSelfFrozen, makeTree } from '../real/cgroup.ts';
import { reportIn, runAfter } from '../real/freezer-script.ts';
import { onlySees } from '../real/mounts.ts';
import { sleeper, startIn } from '../real/process.ts';
import { describeFreezers } from '../real/suite.ts';
import { podNames } from './pod-names.ts';
import { podIn } from './pods.ts';

/** Makes, freezes and removes cgroups in and beside the pod until the run has ended. */
async function whileTheyComeAndGo<T>(homes: Cgroup[], running: Promise<T>): Promise<T> {
  let over = false;
  const churn = async () => {
    for (let turns = 0; turns < 100_000 && !over; turns += 1) {
      for (const { hierarchy, dir } of homes)
        comeAndGo(hierarchy, `${dir}/come-${turns % 7}`, turns);
      await turn();
    }
  };
  const [result] = await Promise.all([running.finally(() => (over = true)), churn()]);
  return result;
}

/** Made at one turn, frozen at half of them, gone some turns later. */
function comeAndGo(hierarchy: string, dir: string, turns: number): void {
  try {
    mkdirSync(`${dir}/nest`, { recursive: true });
    const file = hierarchy === 'v1' ? 'freezer.state' : 'cgroup.freeze';
    if (turns % 2 === 0)
      writeFileSync(
        `${dir}/${turns % 4 === 0 ? 'nest/' : ''}${file}`,
        hierarchy === 'v1' ? 'FROZEN' : '1',
      );
  } finally {
    if (turns % 3 > 0) for (const gone of [`${dir}/nest`, dir]) rmdirSync(gone);
  }
}

describeFreezers('cgroups that vanish', (hierarchy) => {
  test.each([
    ['during the scan', ['--settle', '0', '--wait', '0']],
    ['in the settle window and after the write', ['--settle', '1', '--wait', '1']],
  ])('%s: a valid report each time, and the container is thawed', async (_, windows) => {
    const tree = makeTree(hierarchy);
    const { uid, pod, container } = podIn(tree);
    const beside = below(tree, podNames().pod);
    await startIn([container], sleeper);
    for (let round = 0; round < (windows[1] === '0' ? 10 : 1); round += 1) {
      freeze(container);
      const running = runAfter(onlySees(tree), ['thaw', uid, ...windows]);
      const report = reportIn(await whileTheyComeAndGo([pod, container, beside], running));
      expect(report.targets).toMatchObject([{ target: uid }]);
      const freezes = report.targets.flatMap((target) => target.freezes);
      const own = `/${pod.path.slice(tree.path.length + 1)}`;
      expect(freezes.every(({ path }) => path.startsWith(own))).toBe(true);
      expect(freezes.find(({ path }) => container.path.endsWith(path))?.action).toBe('thawed');
      expect(isSelfFrozen(container)).toBe(false);
    }
  });

  test('check --all: a valid report each time', async () => {
    const tree = makeTree(hierarchy);
    const { uid, pod, container } = podIn(tree);
    await startIn([container], sleeper);
    freeze(container);
    for (let round = 0; round < 5; round += 1) {
      const running = runAfter(onlySees(tree), ['check', '--all', '--diagnose', '--settle', '0']);
      const { targets } = reportIn(
        await whileTheyComeAndGo([pod, container, below(tree, podNames().pod)], running),
      );
      expect(targets.find(({ target }) => target === uid)).toMatchObject({ verdict: 'frozen' });
    }
  });

  test('the whole pod goes between the scan and the write', async () => {
    const tree = makeTree(hierarchy);
    const { uid, pod, container } = podIn(tree);
    freeze(container);
    const running = runAfter(onlySees(tree), ['thaw', uid, '--settle', '2', '--wait', '0']);
    const report = running.then(reportIn);
    setTimeout(() => {
      for (const dir of [container.dir, pod.dir]) rmdirSync(dir);
    }, 1200);
    expect((await report).targets).toMatchObject([{ target: uid, verdict: 'not-frozen' }]);
  });
});
