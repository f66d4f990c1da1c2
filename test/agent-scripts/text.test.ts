/** --text: an account that a person at a terminal can act on, as they would find it out by hand. */
import { expect, test } from 'vitest';
import { below, freeze, isFrozen, makeTree } from '../real/cgroup.ts';
import { run } from '../real/freezer-script.ts';
import { makeFuse } from '../real/fuse.ts';
import { handlesTerm, politeSleeper, sleeper, startIn, status, until } from '../real/process.ts';
import { describeFreezers, describeWith } from '../real/suite.ts';
import { addCgroup, makeNode } from './fake-node.ts';
import { atOnce, freezeAll, makePod, stackOf } from './pods.ts';

async function textOf(args: string[], env = {}): Promise<string> {
  const { status: exit, stdout, stderr } = await run([...args, '--text'], env);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  expect(stdout, 'nothing that could drive a terminal').toMatch(/^[ -~\n]+$/);
  return stdout;
}

const values = {
  v1: {
    frozen: 'freezer.state FROZEN, self_freezing 1, parent_freezing 0',
    thawed: 'freezer.state THAWED, self_freezing 0, parent_freezing 0',
  },
  v2: { frozen: 'cgroup.freeze 1, in effect frozen', thawed: 'cgroup.freeze 0, in effect thawed' },
};
const pending = { v1: 'KILL', v2: 'TERM' } as const;
const wchan = { v1: '[a-z_]+', v2: 'get_signal' };

/** Two tasks in a frozen container; one has the signal pending that a thaw lets through. */
async function frozenPod(hierarchy: 'v1' | 'v2') {
  const pod = makePod(hierarchy);
  const dying = await startIn([pod.container], politeSleeper);
  await handlesTerm(dying.pid);
  const other = await startIn([pod.container], sleeper);
  await freezeAll(pod.container);
  dying.child.kill(`SIG${pending[hierarchy]}`);
  await until('the signal is pending', () => status(dying.pid, 'ShdPnd') !== '0000000000000000');
  return { ...pod, id: pod.container.path.split('/').pop(), dying: dying.pid, other: other.pid };
}

describeFreezers('--text', (hierarchy) => {
  const killed = hierarchy === 'v1' ? 1 : 0;

  test('check by PID: the processes, what they wait in, the freezer, the next step', async () => {
    const { container, id, dying, other } = await frozenPod(hierarchy);
    const lines = (await textOf(['check', `${dying}`, ...atOnce])).split('\n');
    const state = hierarchy === 'v1' ? 'D' : 'S';
    expect(lines).toEqual([
      `${dying}: frozen, cause: paused`,
      expect.stringMatching(/ is frozen; this was a check, nothing was changed$/i),
      '  processes, as first seen:',
      expect.stringMatching(
        `^    PID ${dying} task ${dying} \\(perl\\): ${state}, waits in ${wchan[hierarchy]}, pending: ${pending[hierarchy]}$`,
      ),
      expect.stringMatching(
        `^    PID ${other} task ${other} \\(sleep\\): ${state}, waits in ${wchan[hierarchy]}, pending: nothing$`,
      ),
      `  frozen by itself: container ${id} (cgroup ${hierarchy}), ${container.path}`,
      `    before: ${values[hierarchy].frozen}`,
      '    done:   nothing, this was a check',
      `    after:  ${values[hierarchy].frozen}`,
      `  tasks: 2 at first: ${killed} with SIGKILL pending, which can only die; ${2 - killed} frozen without it, which would run on after a thaw`,
      '  now: 0 gone, 2 left',
      `  to thaw it: freezer.sh thaw ${dying} --text`,
      '',
    ]);
    expect(isFrozen(container)).toBe(true);
  });

  test('thaw by PID: what was done, the state after, who runs on, what docker may show', async () => {
    const { container, dying } = await frozenPod(hierarchy);
    const text = await textOf(['thaw', `${dying}`, '--settle', '0', '--wait', '1']);
    expect(text.split('\n')).toEqual(
      expect.arrayContaining([
        `${dying}: thawed, cause: paused`,
        `    before: ${values[hierarchy].frozen}`,
        '    done:   wrote to thaw it',
        `    after:  ${values[hierarchy].thawed}`,
        `  tasks: 2 at first: ${killed} with SIGKILL pending, which can only die; ${2 - killed} frozen without it, which were free to run on`,
        '  now: 1 gone, 1 left (running)',
        '  docker and ctr may go on showing "paused"; kill and delete work all the same.',
      ]),
    );
    expect(isFrozen(container)).toBe(false);
  });

  test('a freeze that is left has its reason', async () => {
    const tree = makeTree(hierarchy);
    const slice = below(tree, 'kubepods');
    const cgroup = below(slice, 'pod6f1c8f43-1d3c-4f4e-9a47-3b7f3d1f0a11/c0ffee');
    const { pid } = await startIn([cgroup], sleeper);
    await freezeAll(slice);
    const text = await textOf(['thaw', `${pid}`, ...atOnce]);
    expect(text).toContain(`frozen by itself: above-pod (cgroup ${hierarchy}), ${slice.path}\n`);
    expect(text).toContain(
      `    done:   left: set above the pod, at ${slice.path}: --above-pod thaws it`,
    );
    expect(text).not.toContain('docker');
  });
});

describeWith(['v1', 'fuse'], '--text of FREEZING', () => {
  test('says which task holds it', async () => {
    const { container } = makePod('v1');
    const fuse = await makeFuse();
    fuse.hang();
    const { pid } = await startIn([container], ['cat', `${fuse.mount}/f`]);
    await until('it hangs', () => stackOf(pid).includes('request_wait_answer'));
    await fuse.taken();
    freeze(container);
    const text = await textOf(['check', `${pid}`, ...atOnce]);
    expect(text).toContain(`holds it in FREEZING: task ${pid} (cat) waits for fuse`);
    expect(text).toContain(`PID ${pid} task ${pid} (cat): D, waits in request_wait_answer`);
    expect(text).toContain(
      '    before: freezer.state FREEZING, self_freezing 1, parent_freezing 0\n',
    );
  });
});

test('names cannot drive the terminal', async () => {
  const node = makeNode('v1');
  addCgroup(node, 'v1', '/kubepods/evil\x1b[2J', { frozen: true });
  const text = await textOf(
    ['check', '/kubepods/evil\x1b[2J', '/absent\x1b[2J', ...atOnce],
    node.env,
  );
  expect(text).toContain('/kubepods/evil?[2J: frozen, cause: above-pod\n');
  expect(text).toContain('/absent?[2J: no cgroup and no task of it on this node\n');
});
