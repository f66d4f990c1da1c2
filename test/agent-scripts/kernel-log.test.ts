/** Each write stands in the kernel log, and a log that hangs holds nothing up. */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isSelfFrozen } from '../real/cgroup.ts';
import { reportIn, run, runAfter, runFolder } from '../real/freezer-script.ts';
import { until } from '../real/process.ts';
import { describeFreezers } from '../real/suite.ts';
import { atOnce, pausedPod } from './pods.ts';

const kernelLog = () => spawnSync('dmesg', { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 }).stdout;

describeFreezers('the kernel log', (hierarchy) => {
  test('names the cgroup of each write; a check writes nothing there', async () => {
    const { uid, container } = await pausedPod(hierarchy);
    reportIn(await run(['check', uid, '--settle', '0']));
    expect(kernelLog()).not.toContain(container.path);
    reportIn(await run(['thaw', uid, ...atOnce]));
    const entry = `podthaw: wrote to thaw ${hierarchy} ${container.path}\n`;
    await until('the write is logged', () => kernelLog().includes(entry));
  });

  test('a /dev/kmsg that blocks its writers: thawed, reported, in time', async () => {
    const { uid, container } = await pausedPod(hierarchy);
    const folder = mkdtempSync(join(tmpdir(), 'podthaw-kmsg-'));
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    onTestFinished(() => {
      // A reader comes and goes: the worker that waits for one ends.
      closeSync(openSync(pipe, 'r+'));
      rmSync(folder, { recursive: true });
    });
    const ended = await runAfter(`mount --bind ${pipe} /dev/kmsg`, ['thaw', uid, ...atOnce]);
    expect(reportIn(ended).targets).toMatchObject([{ verdict: 'thawed' }]);
    expect(isSelfFrozen(container)).toBe(false);
    expect(ended.ms).toBeLessThan(10_000);
    // The worker that hangs there holds no lock.
    execFileSync('flock', ['-n', join(runFolder, 'podthaw.lock'), 'true']);
  });
});
