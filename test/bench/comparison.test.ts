/** What the bench prints, and what it calls good. */
import { describe, expect, test } from 'vitest';
import { type Comparison, describeComparison, isGood } from '../../bench/comparison.ts';

const comparison: Comparison = {
  what: 'check --all',
  ours: [90, 60, 1000],
  against: 'grep',
  theirs: [30, 20, 40],
  target: { ratio: 3 },
};
const inclusive = { ratio: 3 };
const exclusive = { ratio: 3, exclusive: true };

describe('a comparison', () => {
  test.each([
    ['the target itself', [90], inclusive, true],
    ['just above it', [91], inclusive, false],
    ['the target itself, where only less is good', [90], exclusive, false],
    ['just below it', [89], exclusive, true],
  ])('%s', (_, ours, target, good) => {
    expect(isGood({ ...comparison, ours, theirs: [30], target })).toBe(good);
  });

  test('compares medians, and shows the spread', () => {
    const line = describeComparison(comparison).replaceAll(/ +/g, ' ');
    expect(line).toBe('check --all 90 (60–1000) ms grep 30 (20–40) ms 3.00 at most 3 good');
    expect(describeComparison({ ...comparison, target: { ratio: 2.9 } })).toMatch(/MISSED$/);
  });

  test('what was not measured says why, and is not good', () => {
    const without = { ...comparison, theirs: { gap: 'runc is missing' } };
    expect(describeComparison(without)).toMatch(/not measured: runc is missing$/);
    expect(isGood(without)).toBe(false);
  });
});
