import '../pipeline/quiet.ts';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { runDemo } from '../../local/demo.ts';
import { makeFakePod } from '../../local/fake-pod.ts';
import { makeRealPod } from '../../local/real-pod.ts';
import { makeStory } from '../../local/story.ts';
import type { StuckPod } from '../../local/stuck-pod.ts';
import { mountPoint } from '../real/mounts.ts';
import { describeFreezers } from '../real/suite.ts';

async function tell(pod: StuckPod): Promise<{ freed: boolean; text: string }> {
  onTestFinished(() => pod.remove());
  const out = new PassThrough({ encoding: 'utf8' });
  let text = '';
  out.on('data', (chunk) => (text += chunk));
  const freed = await runDemo(pod, makeStory(out));
  return { freed, text };
}

describeFreezers('the demo', (version) => {
  const signal = { v1: 'SIGKILL', v2: 'SIGTERM' }[version];

  test('frees its process and shows the freezer before and after', async () => {
    const { freed, text } = await tell(await makeRealPod({ version, mount: mountPoint(version) }));
    expect(freed, text).toBe(true);
    expect(text).toContain(`sent ${signal}, and it is still there`);
    expect(text).toMatch(new RegExp(`pending SIG.*${signal.slice(3)}`));
    expect(text).toMatch(/FROZEN → THAWED|frozen → thawed/);
    expect(text).toContain('The process is gone, and so is the pod');
  });

  test('says NOT when the process was not freed', async () => {
    const pod = await makeRealPod({ version, mount: mountPoint(version) });
    // As where the command reaches another node than the pod's: nothing of it is found there.
    const elsewhere = { ...pod, uid: '00000000-0000-4000-8000-000000000000' };
    const { freed, text } = await tell(elsewhere);
    expect(freed).toBe(false);
    expect(text).toContain('The process is still there');
    expect(await pod.state()).toBe('FROZEN');
  });
});

test('the demo goes the same way on a fake tree', async () => {
  const { freed, text } = await tell(await makeFakePod());
  expect(freed, text).toBe(true);
});
