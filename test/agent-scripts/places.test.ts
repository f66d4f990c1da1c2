/** Where a pod's cgroups are: both drivers' names, any prefix, static pods; and which pod a PID belongs to. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { below, isFrozen, makeTree } from '../real/cgroup.ts';
import {
  reportIn,
  reportOf,
  run,
  runAfter,
  script,
  shell,
  targetOf,
} from '../real/freezer-script.ts';
import { isRunning, sleeper, startIn, status, until } from '../real/process.ts';
import { describeFreezers, describeWith } from '../real/suite.ts';
import { viewOf } from '../real/view.ts';
import { addCgroup, addTask, makeNode } from './fake-node.ts';
import { podNames } from './pod-names.ts';
import { atOnce, freezeAll, makePod, pausedPod, podIn } from './pods.ts';

const uid = '6f1c8f43-1d3c-4f4e-9a47-3b7f3d1f0a11';
const fixed = '8a5ad5bdc09cd4adb28aa0e2a8a2a1f7'; // a static pod's: 32 hex digits
const low = uid.replaceAll('-', '_');

describeFreezers('a pod is found, wherever its cgroup is', (hierarchy) => {
  test.each([
    ['cgroupfs, guaranteed', uid, `kubepods/pod${uid}`, 'c0ffee', 'c0ffee'],
    ['cgroupfs, best effort', uid, `kubepods/besteffort/pod${uid}`, 'c0ffee', 'c0ffee'],
    [
      'systemd, guaranteed',
      uid,
      `kubepods.slice/kubepods-pod${low}.slice`,
      'crio-c0ffee.scope',
      'c0ffee',
    ],
    [
      'systemd, best effort',
      uid,
      `kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${low}.slice`,
      'cri-containerd-c0ffee.scope',
      'c0ffee',
    ],
    ['kind, cgroupfs', uid, `kubelet/kubepods/burstable/pod${uid}`, 'c0ffee', 'c0ffee'],
    [
      'kind, systemd',
      uid,
      `kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${low}.slice`,
      'docker-c0ffee.scope',
      'c0ffee',
    ],
    ['a --cgroup-root with a colon', uid, `a:b/kubepods/pod${uid}`, 'cri:c0ffee', 'cri:c0ffee'],
    ['a static pod, cgroupfs', fixed, `kubepods/burstable/pod${fixed}`, 'c0ffee', 'c0ffee'],
    [
      'a static pod, systemd',
      fixed,
      `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${fixed}.slice`,
      'docker-c0ffee.scope',
      'c0ffee',
    ],
  ])('%s', async (_, pod, path, scope, container) => {
    const cgroup = below(makeTree(hierarchy), `${path}/${scope}`);
    const { pid } = await startIn([cgroup], sleeper);
    await freezeAll(cgroup);
    const expected = {
      verdict: 'frozen',
      cause: 'paused',
      freezes: [{ path: cgroup.path, level: 'container', container }],
    };
    const { targets } = await reportOf(['check', pod, pod.toUpperCase(), `${pid}`, ...atOnce]);
    expect(targets.length).toBeGreaterThanOrEqual(2);
    for (const target of targets) expect(target).toMatchObject(expected);
  });

  test('a PID stands for its whole pod, a sidecar that is frozen included', async () => {
    const { pod, container } = makePod(hierarchy);
    const sidecar = below(pod, 'sidecar');
    const { pid } = await startIn([container], sleeper);
    await startIn([sidecar], sleeper);
    await freezeAll(sidecar);
    const target = await targetOf(['thaw', `${pid}`, ...atOnce]);
    expect(target).toMatchObject({
      verdict: 'thawed',
      tasks: { total: 2 },
      freezes: [{ path: sidecar.path }],
    });
  });

  test('a name like a pod, but with no UID, is none', async () => {
    const cgroup = below(makeTree(hierarchy), `kubepods/podc0ffee/pod${uid}x`);
    await freezeAll(cgroup);
    const { targets, absent } = await reportOf(['check', uid, ...atOnce]);
    expect([targets, absent]).toEqual([[], [uid]]);
  });
});

describeFreezers('a node that has this hierarchy alone', (hierarchy) => {
  test('a pod is found and thawed by its UID', async () => {
    const tree = makeTree(hierarchy);
    const { uid, container } = podIn(tree);
    const { pid } = await startIn([container], sleeper);
    await freezeAll(container);
    const { env } = viewOf([tree], [pid]);
    const report = await reportOf(['thaw', uid, ...atOnce], env);
    expect(report).toMatchObject({
      node: { cgroup: hierarchy },
      targets: [{ verdict: 'thawed', freezes: [{ hierarchy, action: 'thawed' }] }],
    });
    expect(isFrozen(container)).toBe(false);
  });
});

describeWith(['v1'], 'tasks that are ending read / on v1', () => {
  test('a leader that is a zombie while its other thread is frozen', async () => {
    const { container } = makePod('v1');
    const exit = process.arch === 'arm64' ? 93 : 60;
    const code = `use threads; threads->create(sub { sleep 600 })->detach; select undef, undef, undef, .1; syscall ${exit}, 0`;
    const { pid } = await startIn([container], ['perl', '-e', code]);
    await until('its leader is a zombie', () => status(pid, 'State')?.startsWith('Z') === true);
    await freezeAll(container);
    expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toMatch(/:freezer:\/$/m);
    expect(isRunning(pid)).toBe(false);
    const target = await targetOf(['thaw', `${pid}`, ...atOnce]);
    expect(target).toMatchObject({ verdict: 'thawed', freezes: [{ path: container.path }] });
    expect(isFrozen(container)).toBe(false);
  });
});

describeWith(['v1'], 'a pod by its UID', () => {
  test('in capitals', async () => {
    const { uid, container } = await pausedPod('v1');
    const target = await targetOf(['check', uid.toUpperCase(), '--settle', '0']);
    expect(target.freezes).toMatchObject([{ path: container.path }]);
  });

  test.each([
    ['a find that knows no -printf', 'exit 1'],
    ['no find at all', ''],
  ])('%s', async (_, find) => {
    const { uid, container } = await pausedPod('v1');
    const hidden =
      find === '' ? '' : `printf '#!/bin/sh\\n${find}\\n' >/run/find; chmod +x /run/find; `;
    const setup = `${hidden}for f in /usr/sbin/find /usr/bin/find /sbin/find /bin/find; do
      if test -e $f; then ${find === '' ? 'mount --bind /dev/null' : 'mount --bind /run/find'} $f; fi; done`;
    const { targets } = reportIn(await runAfter(setup, ['check', uid, '--settle', '0']));
    expect(targets).toMatchObject([{ freezes: [{ path: container.path }] }]);
  });
});

test('one hierarchy mounted inside the other: what is found from both stands once', async () => {
  const { uid, container } = podNames();
  const node = makeNode('v2');
  const v1 = '31 30 0:27 / /unified/freezer rw - cgroup cgroup rw,freezer\n';
  appendFileSync(join(node.root, 'proc/self/mountinfo'), v1);
  const inside = { ...node, root: join(node.root, 'unified') };
  addCgroup(inside, 'v1', `/${container}`, { frozen: true, tids: [4242] });
  addTask(node, { tid: 4242 });
  for (const args of [[uid], ['--all']]) {
    const target = await targetOf(['check', ...args, '--settle', '0'], node.env);
    expect(target).toMatchObject({ verdict: 'frozen', tasks: { total: 1 } });
    expect(target.freezes).toMatchObject([{ hierarchy: 'v1', path: `/${container}` }]);
  }
});

describe('a foreign cgroup namespace is refused: exit 3, and nothing is written', () => {
  test('a path with .. in it, by a node of files', async () => {
    const node = makeNode('v2');
    addCgroup(node, 'v2', `/${podNames().container}`, { frozen: true, tids: [4242] });
    addTask(node, { tid: 4242 });
    writeFileSync(join(node.root, 'proc/4242/cgroup'), '0::/../../kubepods/podx\n');
    const { status: exit, stdout, stderr } = await run(['thaw', '4242', ...atOnce], node.env);
    expect([exit, stdout]).toEqual([3, '']);
    expect(stderr).toContain('process 4242 is in a foreign cgroup namespace: /../../kubepods/podx');
  });
});

describeFreezers('run within another namespace', (hierarchy) => {
  test.each(['--cgroup', '--pid'])('%s: exit 3', async (namespace) => {
    const { uid, container } = await pausedPod(hierarchy);
    const { execFile } = await import('node:child_process');
    const args = [
      namespace,
      ...(namespace === '--pid' ? ['--fork'] : []),
      shell,
      script,
      'thaw',
      uid,
      ...atOnce,
    ];
    const [exit, stdout, stderr] = await new Promise<[unknown, string, string]>((resolve) => {
      execFile('unshare', args, (error, out, err) => resolve([error?.code, out, err]));
    });
    expect([exit, stdout]).toEqual([3, '']);
    expect(stderr).toContain("not in the host's PID and cgroup namespaces");
    expect(isFrozen(container)).toBe(true);
  });
});
