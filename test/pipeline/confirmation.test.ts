/** Thawed is not gone: what the API says afterwards, and why a pod stays. */
import { expect, test } from 'vitest';
import { forbidden } from '../../local/endpoints/kubernetes.ts';
import { reportOf } from './fleet.ts';
import { alarm, NODE, only, type ShopOptions, startShop } from './shop.ts';

/** The first pipeline of a process synthesizes the stack. */
const FIRST_MS = 90_000;
const UID = '00000000-0000-4000-8000-000000000001';

type Target = { tasks: object; holding?: string };
interface Case {
  /** Changes what the node reports of the pod. */
  report?: (target: Target) => void;
  finalizers?: string[];
  /** Whether the pod has left the API; asked at each look after the thaw. */
  goneAt?: (look: number) => boolean;
  settings?: ShopOptions['settings'];
}

/** A cluster of one pod, whose node thaws it as told. */
async function start({ report = () => {}, finalizers = [], goneAt, settings }: Case) {
  let thawed = false;
  let looks = 0;
  const output = ({ parameters }: { parameters: Readonly<Record<string, string>> }) => {
    thawed = true;
    const whole = JSON.parse(reportOf([{ uid: UID }], [UID], parameters.Action ?? ''));
    report(whole.targets[0]);
    return { stdout: JSON.stringify(whole) };
  };
  const shop = await startShop({
    node: { behaviour: { kind: 'canned', output } },
    settings: { confirmSeconds: 4, ...settings },
  });
  const goneWhen = () => {
    if (thawed) looks += 1;
    return thawed && (goneAt?.(looks) ?? false);
  };
  shop.kubernetes.pods.add(
    {
      metadata: {
        namespace: 'shop',
        name: 'cart-0',
        uid: UID,
        deletionTimestamp: new Date(Date.now() - 300_000).toISOString(),
        finalizers,
      },
      spec: { nodeName: NODE },
    },
    { goneWhen },
  );
  return { shop, isThawed: () => thawed };
}

test.each<[string, Case, string]>([
  [
    'its finalizers, named',
    { finalizers: ['foregroundDeletion', 'acme.io/backup'] },
    'still in the API: it waits for finalizers foregroundDeletion, acme.io/backup',
  ],
  [
    'tasks that are left, and what holds them',
    {
      report: (target) => {
        target.tasks = { total: 3, pendingKill: 3, resumes: 0, exited: 1, left: 2 };
        target.holding = 'nfs';
      },
    },
    'still in the API: 2 of its tasks are left, held by nfs',
  ],
  ['the kubelet', {}, 'still in the API: its tasks are gone, the kubelet has not finished'],
])(
  'thawed but not gone: %s',
  async (_, given, reason) => {
    const { shop } = await start({ ...given, settings: { confirmSeconds: 0 } });
    const { pods } = only(await shop.invoke(alarm()));
    expect(pods).toMatchObject([{ outcome: 'thawed', cause: 'paused' }]);
    expect(pods[0]?.reason).toContain(reason);
    expect(pods[0]).not.toHaveProperty('secondsToGone');
    expect(JSON.stringify(shop.sns.publications)).toContain('not gone yet');
  },
  FIRST_MS,
);

test('gone at the third look: deleted, and after how long', async () => {
  const { shop } = await start({ goneAt: (look) => look >= 3 });
  const { pods } = only(await shop.invoke(alarm()));
  expect(pods).toMatchObject([{ outcome: 'deleted', secondsToGone: expect.any(Number) }]);
});

test('an API that fails for a moment is asked again, and proves it', async () => {
  const { shop, isThawed } = await start({ goneAt: () => true });
  let failures = 0;
  shop.kubernetes.faults.when('getPod', () => {
    if (!isThawed() || failures === 2) return undefined;
    failures += 1;
    return forbidden();
  });
  const { pods } = only(await shop.invoke(alarm()));
  expect(failures).toBe(2);
  expect(pods).toMatchObject([{ outcome: 'deleted' }]);
});

test('one that fails to the end proves nothing: thawed, and the doubt is told', async () => {
  const { shop, isThawed } = await start({ goneAt: () => true });
  shop.kubernetes.faults.when('getPod', () => (isThawed() ? forbidden() : undefined));
  const { pods } = only(await shop.invoke(alarm()));
  expect(pods).toMatchObject([{ outcome: 'thawed' }]);
  expect(pods[0]?.reason).toContain('the API could not be asked again: get pod shop/cart-0');
});
