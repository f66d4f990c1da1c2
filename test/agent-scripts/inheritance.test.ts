/** What a run inherits, odd or broken: streams, environment, working folder, temporary folders. The thaw happens all the same. */
import { expect, test } from 'vitest';
import { isSelfFrozen } from '../real/cgroup.ts';
import { reportIn, runAfter } from '../real/freezer-script.ts';
import { describeWith } from '../real/suite.ts';
import { atOnce, pausedPod } from './pods.ts';

describeWith(['v1'], 'streams', () => {
  test.each([
    ['no stdin', 'exec <&-', true],
    ['no stderr', 'exec 2>&-', true],
    ['no stdin and no stderr', 'exec <&- 2>&-', true],
  ])('%s: thawed, and reported', async (_, setup) => {
    const { uid, container } = await pausedPod('v1');
    const report = reportIn(await runAfter(setup, ['thaw', uid, ...atOnce]));
    expect(report.targets).toMatchObject([{ target: uid, verdict: 'thawed' }]);
    expect(isSelfFrozen(container)).toBe(false);
  });

  test.each([
    ['no stdout', 'exec >&-'],
    ['a full disk as stdout', 'exec >/dev/full'],
  ])('%s: thawed, and exit 3 says that the report is lost', async (_, setup) => {
    const { uid, container } = await pausedPod('v1');
    const { status, stdout, stderr } = await runAfter(setup, ['thaw', uid, ...atOnce]);
    expect(isSelfFrozen(container)).toBe(false);
    expect({ status, stdout, stderr }).toEqual({
      status: 3,
      stdout: '',
      stderr: 'freezer.sh: cannot write the report to stdout\n',
    });
  });

  test('a reader of stdout that has gone: thawed, and exit 3', async () => {
    const { uid, container } = await pausedPod('v1');
    // The shell of the pipe stays for its exit status; the reader is gone before the script starts.
    const setup = `{ sleep 0.2; "$@"; echo "status $?" >&2; } | :; exit #`;
    const { stderr } = await runAfter(setup, ['thaw', uid, ...atOnce]);
    expect(isSelfFrozen(container)).toBe(false);
    expect(stderr).toBe('freezer.sh: cannot write the report to stdout\nstatus 3\n');
  });

  test('no stream at all: thawed', async () => {
    const { uid, container } = await pausedPod('v1');
    const { status } = await runAfter('exec <&- >&- 2>&-', ['thaw', uid, ...atOnce]);
    expect({ status, frozen: isSelfFrozen(container) }).toEqual({ status: 3, frozen: false });
  });
});

describeWith(['v1'], 'environment', () => {
  test.each<[NodeJS.ProcessEnv]>([
    [{ IFS: '0123456789abcdef' }],
    [{ LANG: 'tr_TR.UTF-8', LC_CTYPE: 'ja_JP.SJIS' }],
    [{ SHELLOPTS: 'noclobber:noglob:noexec', BASHOPTS: 'failglob:nocasematch:nocaseglob' }],
    [{ POSIXLY_CORRECT: '1', GLOBIGNORE: '*', BASH_COMPAT: '31', TMOUT: '1', EXECIGNORE: '*' }],
    [{ BASH_ENV: '/dev/stdin', ENV: '/dev/stdin', PS4: '$(exit 3)', CDPATH: '/', TZ: ':nowhere' }],
    [{ PATH: '/nowhere:/usr/bin', HOME: '', PWD: '/nowhere', TMPDIR: '/nowhere' }],
    [
      {
        finished: '1',
        forking: '1',
        queue: '1',
        lock: '1',
        stderr: '1',
        nl: 'x',
        root: '/nowhere',
      },
    ],
    [{ 'BASH_FUNC_read%%': '() { false; }', 'BASH_FUNC_printf%%': '() { false; }' }],
  ])('%j', async (env) => {
    const { uid, container } = await pausedPod('v1');
    const report = reportIn(await runAfter('cd /', ['thaw', uid, ...atOnce], env));
    expect(report.targets).toMatchObject([{ target: uid, verdict: 'thawed' }]);
    expect(isSelfFrozen(container)).toBe(false);
  });

  test.each([
    ['a locale that is not installed', ':', { LC_ALL: 'xx_XX.UTF-8' }],
    ['a working folder that is gone', 'd=$(mktemp -d) && cd "$d" && rmdir "$d"', {}],
  ])('%s: bash itself complains on stderr, and that is all', async (_, setup, env) => {
    const { uid, container } = await pausedPod('v1');
    const run = await runAfter(setup, ['thaw', uid, ...atOnce], env);
    expect(reportIn({ ...run, stderr: '' }).targets).toMatchObject([{ verdict: 'thawed' }]);
    expect(run.stderr).toMatch(/LC_ALL|getcwd/);
    expect(isSelfFrozen(container)).toBe(false);
  });
});

describeWith(['v2'], 'temporary folders', () => {
  test.each([
    [
      'full',
      'size=4k',
      'head -c 99999 /dev/zero >/tmp/filled 2>/dev/null; ! echo x >/tmp/y 2>/dev/null',
    ],
    ['read-only', 'ro', '! echo x 2>/dev/null >/tmp/y'],
  ])('on a %s file system', async (_, options, proof) => {
    const { uid } = await pausedPod('v2');
    // The script and its bash may lie below /tmp: they are opened before.
    const open = 'exec 7<"$1" 8<"$3" && shift 3 && set -- /dev/fd/7 -p /dev/fd/8 "$@"';
    const setup = `${open} && mount -t tmpfs -o ${options} none /tmp && { ${proof}; }`;
    const run = await runAfter(setup, ['thaw', uid, ...atOnce], { TMPDIR: '/tmp' });
    expect(reportIn(run).targets).toMatchObject([{ target: uid, verdict: 'thawed' }]);
  });
});
