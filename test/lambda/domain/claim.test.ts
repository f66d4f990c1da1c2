import { describe, expect, test } from 'vitest';
import {
  type Claim,
  claimedUntil,
  claimState,
  inProgressReason,
  MAX_ATTEMPTS,
  pausedUntil,
  usedUp,
  wasAttempted,
} from '../../../lambda/domain/claim.ts';
import type { NodeReply } from '../../../lambda/domain/outcome.ts';
import { NOW } from './pods.ts';
import { reportOf } from './reports.ts';

const claim = (fields: Partial<Claim> = {}): Claim => ({
  attempts: 1,
  notBefore: NOW.getTime(),
  runId: 'run-1',
  last: undefined,
  ...fields,
});

describe('a claim', () => {
  test.each([
    ['there is none', undefined, 'free'],
    ['its time has come', claim(), 'free'],
    ['a millisecond early', claim({ notBefore: NOW.getTime() + 1 }), 'in-progress'],
    ['the third attempt is made', claim({ attempts: MAX_ATTEMPTS }), 'used-up'],
    [
      'the third attempt is under way',
      claim({ attempts: MAX_ATTEMPTS, notBefore: NOW.getTime() + 1 }),
      'in-progress',
    ],
  ])('%s', (_, given, state) => {
    expect(claimState(given, NOW)).toBe(state);
  });

  test('outlives its run by a minute, and rests five after it', () => {
    expect(claimedUntil(NOW)).toBe(Date.parse('2026-11-24T03:01:00Z'));
    expect(pausedUntil(NOW)).toBe(Date.parse('2026-11-24T03:05:00Z'));
  });

  test('says who has it, and until when', () => {
    expect(inProgressReason(claim())).toBe(
      'run run-1 has it or has just had it; the next attempt is due after 2026-11-24T03:00:00Z',
    );
  });
});

test.each<[string, NodeReply, boolean]>([
  ['a report', { kind: 'report', report: reportOf([]), commandId: 'c' }, true],
  ['a script that was cut off', { kind: 'unknown', reason: 'r', commandId: 'c' }, true],
  ['a busy node', { kind: 'unknown', reason: 'r', commandId: 'c', busy: true }, false],
  ['a command that was never delivered', { kind: 'unreachable', reason: 'r' }, false],
  ['a command that SSM refused', { kind: 'failed', reason: 'r' }, false],
])('%s, and whether it is an attempt', (_, reply, attempted) => {
  expect(wasAttempted(reply)).toBe(attempted);
});

describe('after the last attempt', () => {
  test.each([
    ['what should have helped has failed', 'thawed', 'failed'],
    ['an unknown end has failed', 'unknown', 'failed'],
    ['what is not frozen stays so', 'not-frozen', 'not-frozen'],
    ['what is held stays so', 'held', 'held'],
  ] as const)('%s', (_, last, outcome) => {
    const used = usedUp(
      claim({ attempts: 3, last: { outcome: last, cause: 'nfs', reason: 'why' } }),
    );
    expect(used).toEqual({
      outcome,
      cause: 'nfs',
      reason: '3 commands did not free it, and no more are sent; last: why',
    });
  });

  test('a run that was killed left nothing to say', () => {
    expect(usedUp(claim({ attempts: 3 })).reason).toContain('look at the node');
  });
});
