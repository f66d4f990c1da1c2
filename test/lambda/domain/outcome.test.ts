import { expect, test } from 'vitest';
import { identify, summarize } from '../../../lambda/domain/outcome.ts';
import { NOW, podOf, uidOf } from './pods.ts';

test('the summary counts each kind that occurred', () => {
  const kinds = ['deleted', 'held', 'deleted'] as const;
  expect(summarize(kinds.map((outcome) => ({ outcome })))).toEqual({ deleted: 2, held: 1 });
});

test('a pod is told by its name, UID and node, and how long it is overdue', () => {
  expect(identify(podOf(1), NOW)).toEqual({
    namespace: 'shop',
    name: 'cart-1',
    uid: uidOf(1),
    node: 'node-a',
    overdueSeconds: 300,
  });
  expect(identify(podOf(1, { node: undefined }), NOW)).not.toHaveProperty('node');
});
