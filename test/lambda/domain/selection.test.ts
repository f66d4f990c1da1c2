import { describe, expect, test } from 'vitest';
import type { Placement } from '../../../lambda/domain/plan.ts';
import { missingNames, type Selection, selectPods } from '../../../lambda/domain/selection.ts';
import { NOW, podOf, uidOf } from './pods.ts';

const overdueBySeconds = (seconds: number) => ({
  deletionTimestamp: new Date(NOW.getTime() - seconds * 1000).toISOString(),
});

const pods = [
  podOf(1),
  podOf(2, { node: 'node-b', namespace: 'bank', name: 'ledger-7f9c-x2x' }),
  podOf(3, { node: undefined }),
  podOf(4, overdueBySeconds(119)),
  podOf(5, overdueBySeconds(-20)),
];
const placements = new Map<string, Placement>([
  ['node-a', { instanceId: 'i-a' }],
  ['node-b', { unreachable: 'hybrid' }],
]);

const select = (selection: Selection) =>
  selectPods(selection, { pods, placements, now: NOW, stuckAfterSeconds: 120 }).map(({ uid }) =>
    Number(uid.slice(-1)),
  );
const request = (fields: object): Selection => ({
  by: 'request',
  request: { action: 'check', notify: false, ...fields },
});

describe('which pods a run is about', () => {
  test.each<[string, Selection, number[]]>([
    ['the schedule: every stuck pod', { by: 'stuck' }, [1, 2, 3]],
    ['an alarm that names nothing', { by: 'scope', scope: { cluster: 'prod' } }, [1, 2, 3]],
    ['an alarm on a node', { by: 'scope', scope: { node: 'node-b' } }, [2]],
    ['an alarm on an instance', { by: 'scope', scope: { instanceId: 'i-a' } }, [1]],
    ['an alarm on an unknown instance', { by: 'scope', scope: { instanceId: 'i-z' } }, []],
    ['an alarm on a namespace', { by: 'scope', scope: { namespace: 'bank' } }, [2]],
    ['an alarm on a pod', { by: 'scope', scope: { pod: 'cart-1' } }, [1]],
    ['on a workload, its suffix left off', { by: 'scope', scope: { pod: 'ledger' } }, [2]],
    ['a prefix that ends within a word', { by: 'scope', scope: { pod: 'ledg' } }, []],
    ['all that it names must fit', { by: 'scope', scope: { pod: 'cart-1', node: 'node-b' } }, []],
    ['by hand, naming nothing', request({}), [1, 2, 3]],
    ['by hand, a pod: terminating is enough', request({ pods: ['shop/cart-5'] }), [5]],
    ['by hand, a UID', request({ podUids: [uidOf(4)] }), [4]],
    ['by hand, a node: the stuck ones', request({ nodes: ['node-a'] }), [1]],
    ['by hand, an instance', request({ instanceIds: ['i-a'] }), [1]],
    ['selectors add up', request({ pods: ['shop/cart-5'], nodes: ['node-b'] }), [2, 5]],
  ])('%s', (_title, selection, expected) => {
    expect(select(selection)).toEqual(expected);
  });
});

describe('what a person named and nobody deletes', () => {
  test('is told by its name', () => {
    const selection = request({ pods: ['shop/cart-1', 'shop/web'], podUids: [uidOf(2), uidOf(9)] });
    expect(missingNames(selection, pods)).toEqual(['shop/web', uidOf(9)]);
  });

  test('an alarm names nobody', () => {
    expect(missingNames({ by: 'scope', scope: { pod: 'web' } }, pods)).toEqual([]);
  });
});
