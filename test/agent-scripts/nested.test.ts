/** A freeze below the container (runc#2105): its init stands in no tasks file, and waits for frozen children. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { below, isFrozen, tidsIn } from '../real/cgroup.ts';
import { targetOf } from '../real/freezer-script.ts';
import { childrenOf, eventually, isRunning, startIn, status, until } from '../real/process.ts';
import { describeWith } from '../real/suite.ts';
import { atOnce, freezeAll, makePod, stackOf } from './pods.ts';

describeWith(['v1'], 'a nested freeze, cgroup v1', () => {
  test('check sees the frozen child and the init that no tasks file lists', async () => {
    const { uid, container, nested, init, child } = await nestedFreeze();
    expect(readFileSync(`${container.dir}/freezer.state`, 'utf8')).toBe('THAWED\n');
    expect([tidsIn(container), tidsIn(nested)]).toEqual([[], [child]]);
    expect(readFileSync(`/proc/${init}/cgroup`, 'utf8')).toMatch(/:freezer:\/$/m);
    const target = await targetOf(['check', uid, ...atOnce]);
    expect(target).toMatchObject({
      verdict: 'frozen',
      cause: 'nested',
      freezes: [{ path: nested.path, level: 'nested', before: 'FROZEN', action: 'none' }],
      tasks: { total: 1, pendingKill: 1, resumes: 0 },
    });
    expect(target.processes.map(({ pid, pending }) => ({ pid, pending }))).toEqual([
      { pid: init, pending: ['KILL'] },
      { pid: child, pending: ['KILL'] },
    ]);
    expect(target.processes[0]?.stack).toContain('zap_pid_ns_processes');
  });

  test.each(['UID', 'PID of the init', 'PID of the child'])('thaw by %s frees all', async (by) => {
    const { uid, nested, init, child } = await nestedFreeze();
    const asked = by === 'UID' ? uid : `${by === 'PID of the init' ? init : child}`;
    const target = await targetOf(['thaw', asked, '--settle', '0', '--wait', '10']);
    expect(target).toMatchObject({
      verdict: 'thawed',
      cause: 'nested',
      freezes: [{ path: nested.path, action: 'thawed', after: 'THAWED' }],
      tasks: { total: 1, exited: 1, left: 0 },
    });
    expect(isFrozen(nested)).toBe(false);
    await until('the init and its child are gone', () => ![init, child].some(isRunning));
  });
});

/** By hand, what a runtime nested in the container does: freeze a sub-cgroup; then the kubelet's kill. */
async function nestedFreeze() {
  const pod = makePod('v1');
  const nested = below(pod.container, 'inner');
  const script = `(echo $BASHPID >${nested.dir}/cgroup.procs; exec sleep 600) & exec sleep 601`;
  const { pid } = await startIn(
    [pod.container],
    ['unshare', '--pid', '--fork', 'bash', '-c', script],
  );
  const init = await eventually('the init', () => childrenOf(pid)[0]);
  const child = await eventually('its child in the nested cgroup', () =>
    childrenOf(init).find((tid) => tidsIn(nested).includes(tid) && status(tid, 'Name') === 'sleep'),
  );
  await freezeAll(nested);
  process.kill(init, 'SIGKILL');
  await until('the init is in zap', () => stackOf(init).includes('zap_pid_ns_processes'));
  process.kill(pid, 'SIGKILL');
  await until('its parent is gone', () => !isRunning(pid));
  return { ...pod, nested, init, child };
}
