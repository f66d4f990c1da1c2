/** Pods for tests of the domain. */
import type { TerminatingPod } from '../../../lambda/domain/pod.ts';

export const NOW = new Date('2026-11-24T03:00:00Z');

/** A UID that ends in a number. */
export function uidOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

/** A pod of namespace `shop` on node `node-a`, five minutes overdue at NOW. */
export function podOf(number: number, fields: Partial<TerminatingPod> = {}): TerminatingPod {
  return {
    uid: uidOf(number),
    namespace: 'shop',
    name: `cart-${number}`,
    node: 'node-a',
    deletionTimestamp: '2026-11-24T02:55:00Z',
    labels: {},
    annotations: {},
    finalizers: [],
    ...fields,
  };
}
