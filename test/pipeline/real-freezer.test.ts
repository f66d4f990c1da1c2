import { expect, onTestFinished, test } from 'vitest';
import { makeRealPod } from '../../local/real-pod.ts';
import { readSlack } from '../../local/story.ts';
import { type Hierarchy, mountPoint } from '../real/mounts.ts';
import { describeFreezers } from '../real/suite.ts';
import { addStuckPod, alarm, INSTANCE, only, sent, startShop } from './shop.ts';
import { slackBody } from './slack-body.ts';

async function frozenPod(version: Hierarchy) {
  const pod = await makeRealPod({ version, mount: mountPoint(version) });
  onTestFinished(() => pod.remove());
  expect(await pod.state()).toBe('FROZEN');
  expect(await pod.gone()).toBe(false);
  return pod;
}

describeFreezers('the whole way', (version) => {
  test('one alarm, one frozen process, one thaw, one message', async () => {
    const pod = await frozenPod(version);
    const shop = await startShop();
    addStuckPod(shop, { uid: pod.uid, goneWhen: pod.gone });

    const outcome = only(await shop.invoke(alarm(), 'run-1'));

    expect(outcome).toMatchObject({
      podthaw: 1,
      runId: 'run-1',
      action: 'thaw',
      trigger: { kind: 'alarm', name: 'podthaw-stuck-pods-shop-cluster' },
      summary: { deleted: 1 },
      pods: [{ uid: pod.uid, instanceId: INSTANCE, outcome: 'deleted', cause: 'paused' }],
    });
    expect(outcome.pods[0]?.freezes).toMatchObject([
      { hierarchy: version, level: 'container', action: 'thawed' },
    ]);
    expect(await pod.gone()).toBe(true);
    expect(await pod.state()).toBe('THAWED');
    expect(sent(shop)).toBe(1);

    expect(shop.sns.publications).toHaveLength(1);
    expect(shop.sns.publications[0]?.subject).toContain('shop/cart-0');
    expect(shop.slack.messages).toHaveLength(1);
    const slack = readSlack(slackBody(shop.slack.messages[0]));
    for (const words of ['shop/cart-0', INSTANCE, 'THAWED', 'run-1']) {
      expect(slack.toUpperCase()).toContain(words.toUpperCase());
    }
  });

  test('a check looks, and leaves it frozen', async () => {
    const pod = await frozenPod(version);
    const shop = await startShop();
    addStuckPod(shop, { uid: pod.uid, goneWhen: pod.gone });

    const outcome = only(await shop.invoke({ action: 'check' }));

    expect(outcome.pods).toMatchObject([{ outcome: 'would-thaw', cause: 'paused' }]);
    expect(await pod.state()).toBe('FROZEN');
    expect(shop.slack.messages).toEqual([]);
  });

  test('mode observe makes of an alarm a check', async () => {
    const pod = await frozenPod(version);
    const shop = await startShop({ settings: { mode: 'observe' } });
    addStuckPod(shop, { uid: pod.uid, goneWhen: pod.gone });

    const outcome = only(await shop.invoke(alarm()));

    expect(outcome).toMatchObject({ action: 'check', summary: { 'would-thaw': 1 } });
    expect(await pod.state()).toBe('FROZEN');
    expect(shop.slack.messages).toHaveLength(1);
  });

  test('a successor of the same name is not sent, nor what it has frozen', async () => {
    const pod = await frozenPod(version);
    const shop = await startShop();
    // The listing still shows the old pod; asked again just before the command, it is another one.
    addStuckPod(shop, { uid: '00000000-0000-4000-8000-000000000001' });
    const listed = shop.kubernetes.calls;
    shop.ec2.faults.when('DescribeInstances', () => {
      expect(listed.get('listPods')).toBe(1);
      shop.kubernetes.pods.add({
        metadata: { namespace: 'shop', name: 'cart-0', uid: pod.uid },
        spec: { nodeName: 'elsewhere' },
      });
      return undefined;
    });

    const outcome = only(await shop.invoke(alarm()));

    expect(outcome.pods).toMatchObject([{ outcome: 'deleted' }]);
    expect(outcome.pods[0]?.reason).toContain('before anything was sent');
    expect(sent(shop)).toBe(0);
    expect(await pod.state()).toBe('FROZEN');
  });
});
