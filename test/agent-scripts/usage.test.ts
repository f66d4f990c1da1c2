/** Bad invocations: exit 2, an empty stdout, a last line on stderr that says why, nothing written. */
import { describe, expect, test } from 'vitest';
import { reportOf, run } from '../real/freezer-script.ts';
import { describeWith } from '../real/suite.ts';

const uid = '6f1c8f43-1d3c-4f4e-9a47-3b7f3d1f0a11';

const wrongs: [why: string, args: string[]][] = [
  ['no action given', []],
  ['not an action: freeze', ['freeze', uid]],
  ['no TARGET given', ['thaw']],
  ['not an action: --help', ['--help']],
  ['neither a pod UID', ['thaw', 'cart-0']],
  ['neither a pod UID', ['thaw', `${uid}x`]],
  ['neither a pod UID', ['check', '12345678']],
  ['neither a pod UID', ['check', '0']],
  ['neither a pod UID', ['thaw', '']],
  ['neither a pod UID', ['thaw', '--settel', uid]],
  ['not a cgroup path', ['thaw', '/']],
  ['not a cgroup path', ['thaw', '/.']],
  ['not a cgroup path', ['thaw', '/kubepods/../system.slice']],
  ['not a cgroup path', ['thaw', '/kubepods//x']],
  ['--settle takes 0 to 60 seconds, not -1', ['thaw', uid, '--settle', '-1']],
  ['--wait takes 0 to 60 seconds, not 61', ['thaw', uid, '--wait', '61']],
  ['--wait needs a number', ['thaw', uid, '--wait']],
  ['--all stands for every pod', ['thaw', '--all', uid]],
  ['--diagnose goes with --all', ['check', '--diagnose', uid]],
];

describe('a bad invocation ends in exit 2 and says why', () => {
  test.each(wrongs)('%s: %j', async (why, args) => {
    const { status, stdout, stderr } = await run(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.trimEnd().split('\n').pop()).toContain(`freezer.sh: ${why}`);
  });
});

describeWith(['v1'], 'a target that is nowhere on this node', () => {
  test('is no mistake: it is absent', async () => {
    const targets = ['9999999', '/podthaw-test-nowhere'];
    expect(await reportOf(['thaw', ...targets])).toMatchObject({ targets: [], absent: targets });
  });
});

describe('a bad hand-over by SSM', () => {
  test.each([
    ['not an action', { SSM_Action: 'kill', SSM_Targets: uid }],
    ['no TARGET given', { SSM_Action: 'thaw', SSM_Targets: '' }],
    ['not a pod UID in SSM_Targets: 1', { SSM_Action: 'thaw', SSM_Targets: '1' }],
    ['not a pod UID in SSM_Targets', { SSM_Action: 'thaw', SSM_Targets: `${uid},/kubepods` }],
    ['SSM_Targets ends in a comma', { SSM_Action: 'thaw', SSM_Targets: `${uid},` }],
    ['--settle takes', { SSM_Action: 'thaw', SSM_Targets: uid, SSM_Settle: '10s' }],
  ])('%s', async (why, env) => {
    const { status, stdout, stderr } = await run([], env);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.trimEnd().split('\n').pop()).toContain(`freezer.sh: ${why}`);
  });
});
