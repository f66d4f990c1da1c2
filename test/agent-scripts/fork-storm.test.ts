/** A container that forks without end, before, during and after the thaw: thawed, and in time. */
import { expect, test } from 'vitest';
import { below, freeze, frozen, isSelfFrozen, tidsIn } from '../real/cgroup.ts';
import { targetOf } from '../real/freezer-script.ts';
import { limitPids } from '../real/pids.ts';
import { sleeper, startIn, until } from '../real/process.ts';
import { describeFreezers } from '../real/suite.ts';
import { makePod } from './pods.ts';

/** At most 60 processes at a time and 60,000 in all: children that live for some milliseconds. */
function storm(): string[] {
  const loop = '$SIG{CHLD} = "IGNORE"; for (1..60000) { my $pid = fork;';
  const child = 'if (defined $pid && !$pid) { select undef, undef, undef, 0.005; exit }';
  const enter = `open my $procs, ">", "${limitPids(60).dir}/cgroup.procs"; print $procs $$; close $procs;`;
  const program = `${loop} ${child} select undef, undef, undef, 0.0005 }`;
  return ['perl', '-e', `${enter} ${program}`];
}

describeFreezers('a fork storm', (hierarchy) => {
  test('in the frozen container itself', async () => {
    const { uid, container } = makePod(hierarchy);
    await startIn([container], storm());
    await until('it storms', () => tidsIn(container).length > 5, 10_000);
    freeze(container);
    await frozen(container);
    const held = tidsIn(container);
    const target = await targetOf(['thaw', uid, '--settle', '1', '--wait', '1']);
    expect(target).toMatchObject({
      verdict: 'thawed',
      cause: 'paused',
      tasks: { total: held.length, pendingKill: 0 },
    });
    expect(isSelfFrozen(container)).toBe(false);
    await until('it storms again', () => tidsIn(container).some((tid) => !held.includes(tid)));
  });

  test('beside the frozen container, while it is frozen, scanned and thawed', async () => {
    const { uid, pod, container } = makePod(hierarchy);
    const stormy = below(pod, 'stormy');
    await startIn([stormy], storm());
    await until('it storms', () => tidsIn(stormy).length > 5, 10_000);
    await startIn([container], sleeper);
    for (let round = 0; round < 5; round += 1) {
      freeze(container);
      const target = await targetOf(['thaw', uid, '--settle', '0', '--wait', '0']);
      expect(target).toMatchObject({
        verdict: 'thawed',
        freezes: [{ path: container.path, action: 'thawed' }],
      });
    }
  });
});
