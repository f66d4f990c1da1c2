/** Where a freeze was set: above the pod, outside the pods, in both hierarchies, in an empty cgroup. */
import { expect, test } from 'vitest';
import { below, freeze, isFrozen, isSelfFrozen, makeTree, thaw } from '../real/cgroup.ts';
import { reportOf, targetOf } from '../real/freezer-script.ts';
import { sleeper, startIn, until } from '../real/process.ts';
import { describeFreezers, describeWith } from '../real/suite.ts';
import { podNames } from './pod-names.ts';
import { atOnce, freezeAll, makePod, pausedPod, podIn } from './pods.ts';

describeFreezers('a freeze above the pod', (hierarchy) => {
  test('is reported and left; --above-pod thaws it, inside the kubepods tree', async () => {
    const { uid, pod, slice } = await frozenAbove('kubepods/burstable');
    const left = await targetOf(['thaw', uid, ...atOnce]);
    expect(left).toMatchObject({
      verdict: 'frozen',
      cause: 'above-pod',
      reason: expect.stringContaining(`set above the pod, at ${slice.path}: --above-pod thaws it`),
      freezes: [{ path: slice.path, level: 'above-pod', action: 'left' }],
      tasks: { total: 1, resumes: 1 },
    });
    expect([isSelfFrozen(slice), isFrozen(pod.container)]).toEqual([true, true]);
    const thawed = await targetOf(['thaw', uid, '--above-pod', ...atOnce]);
    expect(thawed).toMatchObject({ verdict: 'thawed', freezes: [{ action: 'thawed' }] });
    expect([isSelfFrozen(slice), isFrozen(pod.container)]).toEqual([false, false]);
  });

  test('outside the kubepods tree, --above-pod leaves it too', async () => {
    const { uid, slice } = await frozenAbove('');
    expect(await targetOf(['thaw', uid, '--above-pod', ...atOnce])).toMatchObject({
      verdict: 'frozen',
      cause: 'outside-pod',
      reason: expect.stringContaining(`set outside the target, at ${slice.path}`),
      freezes: [{ path: slice.path, level: 'outside-pod', action: 'left' }],
    });
    expect(isSelfFrozen(slice)).toBe(true);
  });

  test('and one of its own: the own one is thawed, the verdict stays frozen', async () => {
    const { uid, pod, slice } = await frozenAbove('kubepods');
    freeze(pod.container);
    expect(await targetOf(['thaw', uid, ...atOnce])).toMatchObject({
      verdict: 'frozen',
      cause: 'above-pod',
      freezes: [
        { path: pod.container.path, level: 'container', action: 'thawed' },
        { path: slice.path, level: 'above-pod', action: 'left' },
      ],
    });
    expect([isSelfFrozen(pod.container), isSelfFrozen(slice)]).toEqual([false, true]);
  });

  test('is neither verdict nor cause once another has lifted it', async () => {
    const { uid, pod, slice } = await frozenAbove('kubepods');
    freeze(pod.container);
    const running = targetOf(['thaw', uid, '--settle', '0', '--wait', '3']);
    await until('its own is thawed', () => !isSelfFrozen(pod.container));
    thaw(slice);
    expect(await running).toMatchObject({
      verdict: 'thawed',
      cause: 'paused',
      freezes: [{ action: 'thawed' }, { path: slice.path, action: 'lifted-by-other' }],
    });
  });

  async function frozenAbove(path: string) {
    const tree = makeTree(hierarchy);
    const pod = podIn(tree);
    const slice = path === '' ? tree : below(tree, path);
    await startIn([pod.container], sleeper);
    await freezeAll(slice);
    return { uid: pod.uid, pod, slice };
  }
});

describeFreezers('a freeze of the pod, or in none', (hierarchy) => {
  test('the pod itself', async () => {
    const { uid, pod, container } = makePod(hierarchy);
    await startIn([container], sleeper);
    await freezeAll(pod);
    const target = await targetOf(['thaw', uid, ...atOnce]);
    expect(target).toMatchObject({
      verdict: 'thawed',
      cause: 'pod',
      freezes: [{ path: pod.path, level: 'pod', action: 'thawed' }],
    });
    expect(target.freezes[0]).not.toHaveProperty('container');
    expect(isFrozen(container)).toBe(false);
  });

  test('a process in no pod stands for its own cgroup', async () => {
    const cgroup = below(makeTree(hierarchy), 'batch.slice');
    const { pid } = await startIn([cgroup], sleeper);
    await freezeAll(cgroup);
    expect(await targetOf(['thaw', `${pid}`, ...atOnce])).toMatchObject({
      target: `${pid}`,
      verdict: 'thawed',
      cause: 'outside-pod',
      freezes: [{ path: cgroup.path, level: 'outside-pod', action: 'thawed' }],
    });
    expect(isFrozen(cgroup)).toBe(false);
  });

  test('an empty cgroup that froze itself is thawed: runc cannot delete it otherwise', async () => {
    const { uid, container } = makePod(hierarchy);
    freeze(container);
    expect(await targetOf(['thaw', uid, ...atOnce])).toMatchObject({
      verdict: 'thawed',
      cause: 'paused',
      freezes: [{ path: container.path, action: 'thawed' }],
      tasks: { total: 0, resumes: 0, left: 0 },
    });
    expect(isSelfFrozen(container)).toBe(false);
  });

  test('deepest first, each with its level', async () => {
    const { uid, pod, container } = makePod(hierarchy);
    const inner = below(container, 'a/kubepods/podc0ffee');
    await startIn([inner], sleeper);
    await freezeAll(pod, container, inner);
    const { freezes } = await targetOf(['thaw', uid, ...atOnce]);
    expect(freezes.map(({ path, level, action }) => [path, level, action])).toEqual([
      [inner.path, 'nested', 'thawed'],
      [container.path, 'container', 'thawed'],
      [pod.path, 'pod', 'thawed'],
    ]);
    expect([pod, container, inner].map(isFrozen)).toEqual([false, false, false]);
  });
});

describeWith(['v1', 'v2'], 'a hybrid node', () => {
  test('a container frozen in both hierarchies is thawed in both', async () => {
    const names = podNames();
    const [v1, v2] = [
      podIn(makeTree('v1'), 'cgroupfs', names.uid),
      podIn(makeTree('v2'), 'cgroupfs', names.uid),
    ];
    const both = [v1.container, v2.container];
    await startIn(both, sleeper);
    await freezeAll(v2.container, v1.container);
    const report = await reportOf(['thaw', names.uid, ...atOnce]);
    expect(report.node.cgroup).toBe('hybrid');
    expect(report.targets).toMatchObject([
      {
        verdict: 'thawed',
        cause: 'paused',
        freezes: [
          { hierarchy: 'v1', path: v1.container.path, before: 'FROZEN', after: 'THAWED' },
          { hierarchy: 'v2', path: v2.container.path, before: 'frozen', after: 'thawed' },
        ],
        tasks: { total: 1, left: 1 },
      },
    ]);
    expect(both.map(isFrozen)).toEqual([false, false]);
  });
});

describeFreezers('a pod UID that two paths carry', (hierarchy) => {
  test('all of them count', async () => {
    const one = await pausedPod(hierarchy);
    const other = podIn(makeTree(hierarchy), 'systemd', one.uid);
    await startIn([other.container], sleeper);
    await freezeAll(other.container);
    const { freezes, verdict } = await targetOf(['thaw', one.uid, ...atOnce]);
    expect(verdict).toBe('thawed');
    expect(freezes.map(({ path }) => path).sort()).toEqual(
      [one.container.path, other.container.path].sort(),
    );
    expect([one.container, other.container].map(isFrozen)).toEqual([false, false]);
  });
});
