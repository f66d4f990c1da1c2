/** Each message as its readers get it, for each outcome and cause, for one pod and for fifty. */
import { describe, expect, test } from 'vitest';
import { makeNotification } from '../../../../lambda/domain/notification.ts';
import { type Outcome, POD_OUTCOMES } from '../../../../lambda/domain/outcome.ts';
import { CAUSES } from '../../../../lambda/domain/report.ts';
import {
  CAUSES_OF,
  goneSample,
  ORIGIN,
  PAST_PROBLEM,
  resolvedOutcome,
  sampleOutcome,
  samplePod,
} from './samples.ts';
import { told } from './told.ts';

const folder = '../../../fixtures/messages';

const golden = (outcomes: Record<string, Outcome>) =>
  Object.entries(outcomes)
    .map(([title, outcome]) => `# ${title}\n${told(makeNotification(outcome, ORIGIN))}\n`)
    .join('\n');

describe.each(POD_OUTCOMES)('%s', (kind) => {
  test('one pod', async () => {
    const cases = CAUSES_OF[kind].map((cause) => {
      return [cause ?? 'no cause', sampleOutcome([samplePod(kind, cause)])] as const;
    });
    await expect(golden(Object.fromEntries(cases))).toMatchFileSnapshot(`${folder}/${kind}.txt`);
  });

  test('fifty pods', async () => {
    const cases = CAUSES_OF[kind].map((cause) => {
      const pods = Array.from({ length: 50 }, (_, index) => samplePod(kind, cause, index));
      return [cause ?? 'no cause', sampleOutcome(pods)] as const;
    });
    const file = `${folder}/${kind}-fifty.txt`;
    await expect(golden(Object.fromEntries(cases))).toMatchFileSnapshot(file);
  });
});

test('fifty pods of many outcomes, and a cluster that could not be looked at', async () => {
  const pods = POD_OUTCOMES.flatMap((kind, at) =>
    Array.from({ length: 5 }, (_, n) => samplePod(kind, CAUSES_OF[kind][n % 2], at * 5 + n)),
  );
  const problem = 'The Kubernetes API of cluster prod refuses podthaw (403 Forbidden).';
  const outcomes = { mixed: sampleOutcome(pods), problem: sampleOutcome([], { problem }) };
  await expect(golden(outcomes)).toMatchFileSnapshot(`${folder}/mixed-and-problem.txt`);
});

test('what is over: a pod, fifty, a problem, both, and beside what is stuck', async () => {
  const fifty = Array.from({ length: 50 }, (_, n) =>
    n < 3 ? goneSample('held', undefined, n) : goneSample('not-frozen', 'nfs', n),
  );
  const outcomes = {
    'one pod': resolvedOutcome([goneSample('not-frozen', 'nfs')]),
    'three pods': resolvedOutcome(fifty.slice(1, 4)),
    'fifty pods': resolvedOutcome(fifty),
    'a problem': resolvedOutcome([PAST_PROBLEM]),
    'a problem and a pod': resolvedOutcome([PAST_PROBLEM, goneSample('unreachable')]),
    'beside a pod that is stuck': resolvedOutcome(fifty.slice(0, 2), [
      samplePod('failed', 'paused', 9),
    ]),
  };
  await expect(golden(outcomes)).toMatchFileSnapshot(`${folder}/resolved.txt`);
});

test('no cause is left out', () => {
  expect(new Set(Object.values(CAUSES_OF).flat())).toEqual(new Set([undefined, ...CAUSES]));
});
