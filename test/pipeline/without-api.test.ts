import { describe, expect, test } from 'vitest';
import { forbidden } from '../../local/endpoints/kubernetes.ts';
import type { Pipeline } from '../../local/pipeline.ts';
import { podNames } from '../agent-scripts/pod-names.ts';
import { below, type Cgroup, freeze, frozen, isFrozen, makeTree } from '../real/cgroup.ts';
import type { Hierarchy } from '../real/mounts.ts';
import { handlesTerm, isRunning, politeSleeper, sleeper, startIn, until } from '../real/process.ts';
import { describeFreezers, describeWith } from '../real/suite.ts';
import { ownHost } from './own-host.ts';
import { INSTANCE, only, type ShopOptions, startShop } from './shop.ts';

/** The first pipeline of a process synthesizes the stack. */
const FIRST_MS = 90_000;
const byHand = { instanceIds: [INSTANCE], withoutApi: true } as const;

/** A frozen pod of its own container; killed in vain where a signal is given. */
async function frozenPod(tree: Cgroup, signal?: 'SIGKILL' | 'SIGTERM') {
  const { uid, container } = podNames('systemd');
  const cgroup = below(tree, container);
  const { pid, child } = await startIn([cgroup], signal === 'SIGTERM' ? politeSleeper : sleeper);
  if (signal === 'SIGTERM') await handlesTerm(pid);
  freeze(cgroup);
  await frozen(cgroup);
  if (signal) child.kill(signal);
  return { uid, pid, cgroup };
}

function startOn(tree: Cgroup, options: ShopOptions = {}) {
  return startShop({ ...options, ssm: { environment: ownHost(tree) } });
}

const targetsOf = ({ ssm }: Pipeline) =>
  [...ssm.commands.values()].map(({ parameters }) => parameters.Targets);

/** Nobody was asked who could have known of a hold. */
function expectNobodyAsked({ kubernetes, eks, dynamodb }: Pipeline): void {
  expect([...kubernetes.calls, ...eks.calls]).toEqual([]);
  expect(dynamodb.calls.get('UpdateItem')).toBeUndefined();
}

describeWith(['v1'], 'by hand, without the API, cgroup v1', () => {
  test(
    'pending kills alone decide: what is killed is thawed, the rest is left and told',
    async () => {
      const tree = makeTree('v1');
      const [killed, paused] = [await frozenPod(tree, 'SIGKILL'), await frozenPod(tree)];
      const shop = await startOn(tree);
      shop.kubernetes.faults.when('listPods', forbidden);

      const outcome = only(await shop.invoke({ action: 'thaw', ...byHand }));

      const of = ({ uid }: { uid: string }) => outcome.pods.find((pod) => pod.uid === uid);
      expect(of(killed)).toMatchObject({
        outcome: 'thawed',
        cause: 'paused',
        instanceId: INSTANCE,
      });
      expect(of(killed)?.reason).toContain('nobody asked the API');
      expect(of(paused)).toMatchObject({ outcome: 'held', tasks: { pendingKill: 0 } });
      expect(outcome.pods).toHaveLength(2);
      expect(outcome.summary).toEqual({ thawed: 1, held: 1 });
      await until('the killed process is gone', () => !isRunning(killed.pid));
      expect([isFrozen(paused.cgroup), isRunning(paused.pid)]).toEqual([true, true]);
      expect(targetsOf(shop)).toEqual(['--all']);
      expectNobodyAsked(shop);
    },
    FIRST_MS,
  );

  test.each<[string, object, ShopOptions]>([
    ['a check', {}, {}],
    ['mode observe', { action: 'thaw' }, { settings: { mode: 'observe' } }],
  ])('%s only looks', async (_, request, options) => {
    const tree = makeTree('v1');
    const killed = await frozenPod(tree, 'SIGKILL');
    const shop = await startOn(tree, options);
    const { action, pods } = only(await shop.invoke({ ...byHand, ...request }));
    expect(action).toBe('check');
    expect(pods).toMatchObject([{ uid: killed.uid, outcome: 'would-thaw' }]);
    expect(isFrozen(killed.cgroup)).toBe(true);
    expectNobodyAsked(shop);
  });
});

describeWith(['v2'], 'by hand, without the API, cgroup v2', () => {
  test('a pending SIGTERM is no kill: left frozen, and told', async () => {
    const tree = makeTree('v2');
    const asked = await frozenPod(tree, 'SIGTERM');
    const shop = await startOn(tree);
    const { pods } = only(await shop.invoke({ action: 'thaw', ...byHand }));
    expect(pods).toMatchObject([{ uid: asked.uid, outcome: 'held' }]);
    expect([isFrozen(asked.cgroup), isRunning(asked.pid)]).toEqual([true, true]);
    expectNobodyAsked(shop);
  });
});

describeFreezers('a node without a stuck pod', (hierarchy: Hierarchy) => {
  test('says nothing', async () => {
    const tree = makeTree(hierarchy);
    await startIn([below(tree, podNames().container)], sleeper);
    const shop = await startOn(tree);
    expect(only(await shop.invoke({ action: 'thaw', ...byHand }))).toMatchObject({
      pods: [],
      summary: {},
    });
  });
});

describe('instances that cannot answer', () => {
  test('are told apart; nobody’s node is taken for thawed', async () => {
    const shop = await startShop({ node: { pingStatus: 'ConnectionLost' } });
    const unknown = 'i-0fedcba9876543210';
    const request = { action: 'thaw', ...byHand, instanceIds: [INSTANCE, unknown] };
    const { pods } = only(await shop.invoke(request));
    expect(pods).toMatchObject([
      { instanceId: INSTANCE, outcome: 'unreachable', reason: expect.stringContaining('Lost') },
      { instanceId: unknown, outcome: 'unreachable', reason: expect.stringContaining('manage') },
    ]);
  });
});
