import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { TerminatingPod } from '../../lambda/domain/pod.ts';
import { joinLookUps } from '../../lambda/joint-look-up.ts';
import { podOf, uidOf } from './domain/pods.ts';

/** An API that knows some UIDs, answers after a moment, and notes what it was asked. */
function startApi(known: Set<string>, ms = 100) {
  const asked: string[][] = [];
  const lookUp = joinLookUps(async (pods: readonly TerminatingPod[]) => {
    const uids = pods.map(({ uid }) => uid);
    asked.push(uids);
    const found = new Set(uids.filter((uid) => known.has(uid)));
    await sleep(ms);
    return found;
  });
  return { asked, lookUp };
}

test('what is asked at the same time is asked once, and each gets its answer', async () => {
  const { asked, lookUp } = startApi(new Set([uidOf(1), uidOf(3)]));
  const answers = await Promise.all([1, 2, 3].map((n) => lookUp([podOf(n)])));
  expect(asked).toEqual([[uidOf(1), uidOf(2), uidOf(3)]]);
  expect(answers.map((still, at) => still.has(uidOf(at + 1)))).toEqual([true, false, true]);
});

test('no answer is older than its question', async () => {
  const known = new Set([uidOf(1)]);
  const { asked, lookUp } = startApi(known);
  const first = lookUp([podOf(1)]);
  await sleep(5);
  known.clear();
  const second = lookUp([podOf(1)]);
  expect((await first).has(uidOf(1))).toBe(true);
  expect((await second).has(uidOf(1))).toBe(false);
  expect(asked).toHaveLength(2);
});

test('what is asked while a look-up is under way waits for it, and shares the next', async () => {
  const { asked, lookUp } = startApi(new Set([uidOf(3)]));
  const first = lookUp([podOf(1)]);
  await sleep(5);
  const second = lookUp([podOf(2)]);
  await sleep(5);
  const third = lookUp([podOf(3)]);
  expect(asked).toEqual([[uidOf(1)]]);
  await Promise.all([first, second, third]);
  expect(asked).toEqual([[uidOf(1)], [uidOf(2), uidOf(3)]]);
  expect((await third).has(uidOf(3))).toBe(true);
});

test('one that fails fails for those who share it, and the next is made all the same', async () => {
  let fails = true;
  const lookUp = joinLookUps(async (pods) => {
    if (fails) throw new Error('no answer');
    return new Set(pods.map(({ uid }) => uid));
  });
  const both = await Promise.allSettled([lookUp([podOf(1)]), lookUp([podOf(2)])]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  fails = false;
  expect((await lookUp([podOf(3)])).has(uidOf(3))).toBe(true);
});
