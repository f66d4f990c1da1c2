/** --all: every pod of the node in one sweep; a thaw writes only where all that is held waits for a SIGKILL. */
import { expect, test } from 'vitest';
import { type Cgroup, freeze, isFrozen, isSelfFrozen, makeTree } from '../real/cgroup.ts';
import { reportOf, run } from '../real/freezer-script.ts';
import type { Hierarchy } from '../real/mounts.ts';
import { isRunning, sleeper, startIn, status, until } from '../real/process.ts';
import { describeFreezers, describeWith } from '../real/suite.ts';
import { viewOf } from '../real/view.ts';
import { makeNode } from './fake-node.ts';
import { atOnce, freezeAll, podIn } from './pods.ts';

const kill = '0000000000000100';

async function sleepersIn(tree: Cgroup, count: number) {
  const pod = podIn(tree);
  const pids: number[] = [];
  for (let index = 0; index < count; index++) {
    pids.push((await startIn([pod.container], sleeper)).pid);
  }
  return { ...pod, pids };
}

async function killFrozen(...pids: number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await until('SIGKILL is pending', () => pids.every((pid) => status(pid, 'ShdPnd') === kill));
}

/** A node of four pods: one all killed, one half killed, one paused and alive, one that just runs. */
async function node(hierarchy: Hierarchy) {
  const tree = makeTree(hierarchy);
  const killed = await sleepersIn(tree, 2);
  const half = await sleepersIn(tree, 2);
  const alive = await sleepersIn(tree, 1);
  const running = await sleepersIn(tree, 1);
  await freezeAll(killed.container, half.container, alive.container);
  const pods = { killed, half, alive, running };
  const pids = Object.values(pods).flatMap((pod) => pod.pids);
  return { ...pods, view: viewOf([tree], pids), tree };
}

describeWith(['v1'], 'thaw --all, cgroup v1', () => {
  test('writes where every held task has SIGKILL pending, and leaves the rest with the reason', async () => {
    const { killed, half, alive, running, view } = await node('v1');
    await killFrozen(...killed.pids, ...half.pids.slice(0, 1));
    const report = await reportOf(['thaw', '--all', '--settle', '0', '--wait', '3'], view.env);
    const left = {
      verdict: 'frozen',
      cause: 'paused',
      reason: expect.stringMatching(/with --all only what waits for a SIGKILL is thawed/),
      freezes: [{ action: 'left' }],
    };
    expect(
      Object.fromEntries(report.targets.map((target) => [target.target, target])),
    ).toMatchObject({
      [killed.uid]: { verdict: 'thawed', tasks: { total: 2, pendingKill: 2, exited: 2, left: 0 } },
      [half.uid]: { ...left, tasks: { total: 2, pendingKill: 1, resumes: 1, left: 2 } },
      [alive.uid]: { ...left, tasks: { total: 1, pendingKill: 0, resumes: 1, left: 1 } },
    });
    expect([report.targets.length, report.quiet]).toEqual([3, 1]);
    expect(killed.pids.some(isRunning)).toBe(false);
    expect([half, alive, running].map(({ container }) => isSelfFrozen(container))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('above the pods, --above-pod thaws only if all below it wait for a SIGKILL', async () => {
    const tree = makeTree('v1');
    const [one, other] = [await sleepersIn(tree, 1), await sleepersIn(tree, 1)];
    const slice = { ...tree, path: `${tree.path}/kubepods`, dir: `${tree.dir}/kubepods` };
    await freezeAll(slice);
    await killFrozen(...one.pids);
    const view = viewOf([tree], [...one.pids, ...other.pids]);
    const args = ['thaw', '--all', '--above-pod', '--settle', '0', '--wait', '3'];
    const left = await reportOf(args, view.env);
    expect(left.targets.map(({ verdict, cause }) => [verdict, cause])).toEqual([
      ['frozen', 'above-pod'],
      ['frozen', 'above-pod'],
    ]);
    expect(isSelfFrozen(slice)).toBe(true);
    await killFrozen(...other.pids);
    const { targets } = await reportOf(args, view.env);
    expect(targets.map(({ verdict }) => verdict)).toEqual(['thawed', 'thawed']);
    expect(isFrozen(slice)).toBe(false);
  });
});

describeFreezers('check --all', (hierarchy) => {
  test('reports the pods with a freeze and counts the others; --diagnose reads those too', async () => {
    const { killed, half, alive, view } = await node(hierarchy);
    const found = [killed, half, alive].map(({ uid }) => uid).sort();
    for (const more of [[], ['--diagnose']]) {
      const { targets, quiet } = await reportOf(['check', '--all', ...more, ...atOnce], view.env);
      expect(targets.map(({ target }) => target).sort()).toEqual(found);
      expect(quiet).toBe(1);
    }
    expect([killed, half, alive].every(({ container }) => isSelfFrozen(container))).toBe(true);
  });

  test('finds an empty cgroup that froze itself, and a freeze of all pods', async () => {
    const tree = makeTree(hierarchy);
    const [empty, other] = [podIn(tree), podIn(tree)];
    const view = viewOf([tree], []);
    freeze(empty.container);
    expect(await reportOf(['check', '--all', ...atOnce], view.env)).toMatchObject({
      targets: [{ target: empty.uid, verdict: 'frozen', cause: 'paused', tasks: { total: 0 } }],
      quiet: 1,
    });
    freeze({ ...tree, dir: `${tree.dir}/kubepods` });
    const { targets, quiet } = await reportOf(['check', '--all', ...atOnce], view.env);
    expect(targets.map(({ target }) => target).sort()).toEqual([empty.uid, other.uid].sort());
    expect([targets[0]?.cause, quiet]).toEqual(['above-pod', 0]);
  });
});

test('a node without a kubepods tree: exit 3, and why', async () => {
  const { env } = makeNode('v2');
  const { status: exit, stdout, stderr } = await run(['thaw', '--all'], env);
  expect([exit, stdout]).toEqual([3, '']);
  expect(stderr).toContain('freezer.sh: no kubepods tree here');
});
