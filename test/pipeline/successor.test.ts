/** A StatefulSet's pod is replaced by one of the same name: the UID decides, at every step. */
import { expect, onTestFinished, test } from 'vitest';
import type { Pipeline } from '../../local/pipeline.ts';
import { makeRealPod } from '../../local/real-pod.ts';
import type { StuckPod } from '../../local/stuck-pod.ts';
import { type Hierarchy, mountPoint } from '../real/mounts.ts';
import { describeFreezers } from '../real/suite.ts';
import { makeFleet } from './fleet.ts';
import { addStuckPod, alarm, only, sent, startShop } from './shop.ts';

/** The first pipeline of a process synthesizes the stack. */
const FIRST_MS = 90_000;

/** A pod and its successor. They share a folder, so that neither is removed before the other. */
async function frozenPair(version: Hierarchy): Promise<[old: StuckPod, successor: StuckPod]> {
  const pods: StuckPod[] = [];
  onTestFinished(async () => void (await Promise.all(pods.map((pod) => pod.remove()))));
  const make = async () => {
    const pod = await makeRealPod({ version, mount: mountPoint(version) });
    pods.push(pod);
    return pod;
  };
  return [await make(), await make()];
}

const targetsOf = ({ ssm }: Pipeline) =>
  [...ssm.commands.values()].map(({ parameters }) => parameters.Targets);

/** Runs once, when the nodes are looked up: after the listing, before anything is sent. */
function afterListing(shop: Pipeline, act: () => void): void {
  shop.ec2.faults.when('DescribeInstances', (nth) => {
    if (nth === 1) act();
    return undefined;
  });
}

describeFreezers('a successor that hangs as well, on the same node', (version) => {
  test.each<[string, () => object]>([
    ['an alarm', alarm],
    ['a person who names it', () => ({ action: 'thaw', pods: ['shop/cart-0'] })],
  ])(
    'replaced between listing and command: neither is sent (%s)',
    async (_, event) => {
      const [old, successor] = await frozenPair(version);
      const shop = await startShop();
      addStuckPod(shop, { uid: old.uid, goneWhen: old.gone });
      afterListing(shop, () => addStuckPod(shop, { uid: successor.uid }));

      const { pods } = only(await shop.invoke(event()));

      expect(pods).toMatchObject([{ uid: old.uid, outcome: 'deleted' }]);
      expect(pods[0]?.reason).toContain('before anything was sent');
      expect(sent(shop)).toBe(0);
      expect([await old.state(), await successor.state()]).toEqual(['FROZEN', 'FROZEN']);
    },
    FIRST_MS,
  );

  test('replaced between command and confirmation: the old one is gone, the new one untouched', async () => {
    const [old, successor] = await frozenPair(version);
    let shop: Pipeline | undefined;
    const onCommand = () => {
      if (shop) addStuckPod(shop, { uid: successor.uid });
    };
    shop = await startShop({ ssm: { onCommand } });
    addStuckPod(shop, { uid: old.uid });

    const { pods } = only(await shop.invoke(alarm()));

    expect(pods).toMatchObject([{ uid: old.uid, outcome: 'deleted', cause: 'paused' }]);
    expect(targetsOf(shop)).toEqual([old.uid]);
    expect([await old.state(), await successor.state()]).toEqual(['THAWED', 'FROZEN']);
    expect(JSON.stringify(shop.sns.publications)).not.toContain(successor.uid);

    // It is a pod of its own, with a claim of its own: the next run takes it up.
    const next = only(await shop.invoke(alarm()));
    expect(next.pods).toMatchObject([{ uid: successor.uid, freezes: [{ action: 'thawed' }] }]);
    expect(await successor.state()).toBe('THAWED');
  });
});

test(
  'among many, asked for again by a list: it alone is left out',
  async () => {
    const fleet = makeFleet({ nodes: 1, podsEach: 30 }, () => undefined);
    const shop = await startShop({ nodes: fleet.nodes, settings: { confirmSeconds: 0 } });
    for (const pod of fleet.pods) addStuckPod(shop, pod);
    const [replaced, undone, ...others] = fleet.pods;
    if (replaced === undefined || undone === undefined) throw new Error('no pods');
    const uid = '00000000-0000-4000-8000-00000000beef';
    afterListing(shop, () => {
      addStuckPod(shop, { ...replaced, uid });
      // Of the same UID, and no longer being deleted: the API would never do it, and it is no target.
      const metadata = { namespace: 'shop', name: undone.name, uid: undone.uid };
      shop.kubernetes.pods.add({ metadata, spec: { nodeName: undone.node } });
    });

    const outcome = only(await shop.invoke(alarm()));

    expect(shop.kubernetes.calls.get('getPod')).toBeUndefined();
    const [targets = ''] = targetsOf(shop);
    expect(targets.split(',').sort()).toEqual(others.map((pod) => pod.uid).sort());
    expect(fleet.thaws.has(replaced.uid)).toBe(false);
    expect(outcome.summary).toEqual({ thawed: 28, deleted: 2 });
  },
  FIRST_MS,
);
