import { expect, test } from 'vitest';
import { cgroupUid, holdReason, overdueSeconds, podKey } from '../../../lambda/domain/pod.ts';
import { NOW, podOf, uidOf } from './pods.ts';

test('seconds past the deletion, whole, negative while the grace period runs', () => {
  expect(overdueSeconds(podOf(1), NOW)).toBe(300);
  expect(overdueSeconds(podOf(1, { deletionTimestamp: '2026-11-24T03:00:30Z' }), NOW)).toBe(-30);
});

test('a name as kubectl users write it', () => {
  expect(podKey(podOf(1))).toBe('shop/cart-1');
});

test.each([
  ['a plain pod is its own', {}, uidOf(1)],
  [
    'a mirror of a static pod is its config.hash',
    { 'kubernetes.io/config.mirror': 'abc', 'kubernetes.io/config.hash': 'f'.repeat(32) },
    'f'.repeat(32),
  ],
  ['a hash without a mirror says nothing', { 'kubernetes.io/config.hash': 'f' }, uidOf(1)],
  ['a mirror without a hash keeps its own', { 'kubernetes.io/config.mirror': 'abc' }, uidOf(1)],
])('cgroup UID: %s', (_, annotations, expected) => {
  expect(cgroupUid(podOf(1, { annotations }))).toBe(expected);
});

test.each([
  ['nothing', {}, undefined],
  ['a label', { labels: { 'podthaw.dev/hold': 'true' } }, 'label podthaw.dev/hold: "true"'],
  [
    'an annotation',
    { annotations: { 'podthaw.dev/hold': 'true' } },
    'annotation podthaw.dev/hold: "true"',
  ],
  ['another value', { labels: { 'podthaw.dev/hold': 'false' } }, undefined],
  ['a protected namespace', { namespace: 'kube-system' }, 'protected namespace kube-system'],
])('held by %s', (_, fields, reason) => {
  expect(holdReason(podOf(1, fields), ['kube-system'])).toBe(reason);
});
