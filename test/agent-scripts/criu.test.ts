/** A checkpoint in progress: a tracer named criu is at work on the pod, so it is left alone and named. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { below, isSelfFrozen, makeTree } from '../real/cgroup.ts';
import { reportOf, targetOf } from '../real/freezer-script.ts';
import { startIn, status, until } from '../real/process.ts';
import { describeFreezers } from '../real/suite.ts';
import { atOnce, pausedPod } from './pods.ts';

/** ptrace(PTRACE_SEIZE), as criu does it, in a process with that name. */
const seize = 'syscall($ARGV[0] + 0, 0x4206, $ARGV[1] + 0, 0, 0) == 0 or die $!; sleep 600';
const ptrace = process.arch === 'arm64' ? '117' : '101';

describeFreezers('a frozen pod with a tracer', (hierarchy) => {
  test('criu: left alone and named, until it is done', async () => {
    const { uid, container, pid } = await pausedPod(hierarchy);
    const criu = await tracerOf(pid, 'criu');
    const target = await targetOf(['thaw', uid, ...atOnce]);
    expect(target).toMatchObject({
      verdict: 'frozen',
      cause: 'paused',
      reason: `a checkpoint is in progress: criu, PID ${criu.pid}, is at work on this pod`,
      freezes: [{ path: container.path, action: 'left' }],
    });
    expect(isSelfFrozen(container)).toBe(true);
    criu.child.kill('SIGKILL');
    await until('it is not traced any more', () => status(pid, 'TracerPid') === '0');
    expect(await targetOf(['thaw', uid, ...atOnce])).toMatchObject({ verdict: 'thawed' });
  });

  test('another tracer is no reason to leave it', async () => {
    const { uid, pid } = await pausedPod(hierarchy);
    await tracerOf(pid, 'gdb');
    expect(await targetOf(['thaw', uid, ...atOnce])).toMatchObject({ verdict: 'thawed' });
  });

  test('criu that comes during the settle window counts', async () => {
    const { uid, container, pid } = await pausedPod(hierarchy);
    const running = reportOf(['thaw', uid, '--settle', '3', '--wait', '0']);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await tracerOf(pid, 'criu');
    const { targets } = await running;
    expect(targets).toMatchObject([{ verdict: 'frozen', freezes: [{ action: 'left' }] }]);
    expect(isSelfFrozen(container)).toBe(true);
  });

  async function tracerOf(pid: number, name: string) {
    const folder = mkdtempSync(join(tmpdir(), 'podthaw-tracer-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    copyFileSync('/usr/bin/perl', join(folder, name));
    const outside = below(makeTree(hierarchy), 'system.slice');
    const tracer = await startIn([outside], [join(folder, name), '-e', seize, ptrace, `${pid}`]);
    await until(`${name} traces ${pid}`, () => status(pid, 'TracerPid') === `${tracer.pid}`);
    return tracer;
  }
});
