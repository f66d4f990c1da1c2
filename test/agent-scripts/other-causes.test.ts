/** Stuck in Terminating, but not by the freezer: no task, tasks that run, zombies, an init in zap. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { reportOf, targetOf } from '../real/freezer-script.ts';
import { makeFuse } from '../real/fuse.ts';
import { childrenOf, eventually, sleeper, startIn, status, until } from '../real/process.ts';
import { describeFreezers } from '../real/suite.ts';
import { atOnce, makePod, stackOf, waitsIn } from './pods.ts';

const perl = (code: string, ...args: string[]) => ['perl', '-e', code, ...args];

describeFreezers('no task', (hierarchy) => {
  test('and no cgroup: absent, the API side', async () => {
    makePod(hierarchy);
    const uid = randomUUID();
    expect(await reportOf(['check', uid, ...atOnce])).toMatchObject({ targets: [], absent: [uid] });
  });

  test('but a cgroup', async () => {
    expect(await targetOf(['check', makePod(hierarchy).uid, ...atOnce])).toMatchObject({
      verdict: 'not-frozen',
      cause: 'no-tasks',
      reason: expect.stringContaining('finalizer'),
      tasks: { total: 0, left: 0 },
      processes: [],
    });
  });
});

describeFreezers('tasks that run', (hierarchy) => {
  test('no signal pending: the grace period, or the kubelet', async () => {
    const { uid, container } = makePod(hierarchy);
    const { pid } = await startIn([container], sleeper);
    expect(await targetOf(['check', uid, ...atOnce])).toMatchObject({
      verdict: 'not-frozen',
      cause: 'running',
      reason: expect.stringContaining('kubelet'),
      tasks: { total: 1, pendingKill: 0, resumes: 0, left: 1 },
      processes: [{ pid, comm: 'sleep', state: 'S', pending: [] }],
    });
  });

  test('SIGTERM blocked and pending for ever: no proof of anything', async () => {
    const { uid, container } = makePod(hierarchy);
    const block = 'use POSIX; sigprocmask SIG_BLOCK, POSIX::SigSet->new(SIGTERM); sleep 600';
    const { pid, child } = await startIn([container], perl(block));
    await waitsIn(pid, /nanosleep/);
    child.kill('SIGTERM');
    await until('SIGTERM is pending', () => status(pid, 'ShdPnd') === '0000000000004000');
    expect(await targetOf(['check', uid, ...atOnce])).toMatchObject({
      verdict: 'not-frozen',
      cause: 'running',
      processes: [{ pid, pending: ['TERM'] }],
    });
  });
});

describeFreezers('only zombies', (hierarchy) => {
  test('that their parent outside the pod does not reap', async () => {
    const { uid, container } = makePod(hierarchy);
    const shim = makePod(hierarchy).container;
    const enter = 'if (fork) { sleep 600 } else { open F, ">", shift; syswrite F, $$; exit }';
    const { pid } = await startIn([shim], perl(enter, `${container.dir}/cgroup.procs`));
    const zombie = await eventually(`a zombie of ${pid}`, () =>
      childrenOf(pid).find((child) => status(child, 'State')?.startsWith('Z')),
    );
    // On v1 nothing tells any more which cgroup a zombie was in.
    const target = hierarchy === 'v2' ? uid : `${zombie}`;
    expect(await targetOf(['check', target, ...atOnce])).toMatchObject({
      verdict: 'not-frozen',
      cause: 'zombie',
      reason: expect.stringContaining(`task ${zombie} (perl)`),
      processes: [{ pid: zombie, state: 'Z' }],
    });
  });
});

describeFreezers(
  'an init that waits for a child which will not die',
  (hierarchy) => {
    test('finds the child, in I/O', async () => {
      const { init, child } = await initInZap(hierarchy);
      const target = await targetOf(['check', `${init}`, ...atOnce]);
      expect(target).toMatchObject({
        verdict: 'not-frozen',
        cause: 'fuse',
        reason: expect.stringContaining(`task ${child} (cat)`),
        processes: expect.arrayContaining([
          expect.objectContaining({ pid: init, state: 'S', pending: ['KILL'] }),
          expect.objectContaining({ pid: child, state: 'D', pending: ['KILL'] }),
        ]),
      });
      const shown = target.processes.find(({ pid }) => pid === init);
      expect(shown?.stack).toContain('zap_pid_ns_processes');
    });
  },
  ['fuse'],
);

/** A container whose killed init waits in zap_pid_ns_processes for a child that hangs in FUSE. */
async function initInZap(hierarchy: 'v1' | 'v2') {
  const { container } = makePod(hierarchy);
  const fuse = await makeFuse();
  fuse.hang();
  const script = `cat ${fuse.mount}/f & exec sleep 600`;
  const { pid } = await startIn([container], ['unshare', '--pid', '--fork', 'bash', '-c', script]);
  const init = await eventually('the init', () => childrenOf(pid)[0]);
  const child = await eventually('its child', () => childrenOf(init)[0]);
  await waitsIn(child, /request_wait_answer/);
  await fuse.taken();
  process.kill(init, 'SIGKILL');
  await until('the init is in zap', () => stackOf(init).includes('zap_pid_ns_processes'));
  process.kill(pid, 'SIGKILL');
  return { init, child };
}
