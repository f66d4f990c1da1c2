/** The lock: one thaw at a time, no child that holds it, and a clear end where it cannot be had. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isSelfFrozen } from '../real/cgroup.ts';
import { reportIn, run, runAfter, runFolder } from '../real/freezer-script.ts';
import { holdLock } from '../real/lock.ts';
import { until } from '../real/process.ts';
import { describeWith } from '../real/suite.ts';
import { atOnce, pausedPod } from './pods.ts';

/** A process that waits for the lock, by the kernel's own list: "1: -> FLOCK ... <inode>". */
function someoneWaits(): boolean {
  return / -> FLOCK /.test(readFileSync('/proc/locks', 'utf8'));
}

describeWith(['v1', 'v2'], 'the lock', () => {
  test('two copies at once on one pod: both end with a valid report, one of them thawed it', async () => {
    const { uid, container } = await pausedPod('v1');
    const args = ['thaw', uid, '--settle', '1', '--wait', '0'];
    const runs = await Promise.all([run(args), run(args)]);
    const targets = runs.flatMap((ended) => reportIn(ended).targets);
    const byVerdict = (verdict: string) => targets.filter((target) => target.verdict === verdict);
    expect(byVerdict('thawed')).toMatchObject([{ freezes: [{ action: 'thawed' }] }]);
    expect(byVerdict('not-frozen')).toMatchObject([{ freezes: [] }]);
    expect(isSelfFrozen(container)).toBe(false);
  });

  test('a check waits for nobody', async () => {
    const { uid } = await pausedPod('v2');
    await holdLock(runFolder);
    const { targets } = reportIn(await run(['check', uid, '--settle', '0']));
    expect(targets).toMatchObject([{ verdict: 'frozen' }]);
  });

  test('a thaw waits until the lock is free', async () => {
    const { uid, container } = await pausedPod('v2');
    const { release } = await holdLock(runFolder);
    const running = run(['thaw', uid, ...atOnce]);
    await until('it waits for the lock', someoneWaits, 10_000);
    expect(isSelfFrozen(container)).toBe(true);
    release();
    expect(reportIn(await running).targets).toMatchObject([{ verdict: 'thawed' }]);
  });

  test.each([
    ['a read-only /run', 'mount -t tmpfs -o ro none /run'],
    ['a /run without a free inode', 'mount -t tmpfs -o nr_inodes=1 none /run'],
    ['a folder in its place', 'mount -t tmpfs none /run && mkdir /run/podthaw.lock'],
  ])('%s: exit 3 names the lock, and nothing was done', async (_, setup) => {
    const { uid, container } = await pausedPod('v1');
    const { status, stdout, stderr } = await runAfter(setup, ['thaw', uid, ...atOnce]);
    expect({ status, stdout, stderr }).toEqual({
      status: 3,
      stdout: '',
      stderr: 'freezer.sh: cannot open the lock /run/podthaw.lock\n',
    });
    expect(isSelfFrozen(container)).toBe(true);
  });

  test('no folder /run at all', async () => {
    const { uid } = await pausedPod('v1');
    // A root without /run: everything else is bound into it.
    const parts = ['bin', 'sbin', 'lib', 'lib64', 'usr', 'dev', 'proc', 'sys', 'tmp'];
    const bind = `for d in ${parts.join(' ')}; do mkdir $r/$d && mount --rbind /$d $r/$d || :; done`;
    const setup = `r=$(mktemp -d) && mount -t tmpfs none $r && { ${bind}; } && exec 8<"$3" && exec chroot $r "$1" -p /dev/fd/8`;
    const { status, stderr } = await runAfter(`${setup} thaw ${uid} #`, []);
    expect({ status, stderr }).toEqual({
      status: 3,
      stderr: 'freezer.sh: cannot open the lock /run/podthaw.lock\n',
    });
  });
});
