import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MAX_INSTANCES,
  MAX_TARGETS,
  makeCommands,
  makeSweepCommands,
} from '../../../lambda/domain/command.ts';
import { podOf, uidOf } from './pods.ts';

const windows = { settleSeconds: 10, waitSeconds: 20 };
/** Work of so many pods for each node. */
const workOf = (counts: readonly number[]) =>
  counts.map((count, node) => ({
    node: `node-${node}`,
    instanceId: `i-${node}`,
    pods: Array.from({ length: count }, (_, pod) => podOf(node * 1000 + pod)),
  }));

describe('commands', () => {
  test('carry the document’s parameters, each a list of one string', () => {
    expect(makeCommands(workOf([2]), 'thaw', windows)).toMatchObject([
      {
        parameters: {
          Action: ['thaw'],
          Targets: [`${uidOf(0)},${uidOf(1)}`],
          Settle: ['10'],
          Wait: ['20'],
        },
      },
    ]);
  });

  test('name a static pod by the UID of its cgroup', () => {
    const annotations = {
      'kubernetes.io/config.mirror': 'x',
      'kubernetes.io/config.hash': 'a'.repeat(32),
    };
    const work = [{ node: 'n', instanceId: 'i-1', pods: [podOf(1, { annotations })] }];
    expect(makeCommands(work, 'check', windows)[0]?.parameters.Targets).toEqual(['a'.repeat(32)]);
  });

  test.each([
    ['fifty nodes share one', Array(50).fill(2), [100]],
    ['the fifty-first gets another', Array(51).fill(2), [100, 2]],
    ['of one pod each, as many as the list holds', Array(25).fill(1), [25]],
    ['and not one more', Array(26).fill(1), [25, 1]],
    ['nodes of one pod and of more do not mix', [1, 5, 1, 5], [2, 10]],
    ['the most overdue node’s command is first', [5, 1, 5, 1], [10, 2]],
    ['two hundred UIDs fit', Array(40).fill(5), [200]],
    ['two hundred and one do not', [...Array(40).fill(5), 2], [200, 2]],
    ['a node of more is asked in several', [450], [200, 200, 50]],
    ['nothing makes none', [], []],
  ])('%s', (_, counts: number[], expected) => {
    const commands = makeCommands(workOf(counts), 'thaw', windows);
    const sizes = commands.map(({ work }) => work.reduce((sum, { pods }) => sum + pods.length, 0));
    expect(sizes).toEqual(expected);
  });

  test('hold every pod exactly once, within both limits', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 450 }), { maxLength: 80 }), (counts) => {
        const work = workOf(counts);
        const commands = makeCommands(work, 'thaw', windows);
        const uids = commands.flatMap(({ parameters }) => parameters.Targets[0].split(','));
        expect(commands.every((command) => command.work.length <= MAX_INSTANCES)).toBe(true);
        expect(
          commands.every(({ parameters }) => parameters.Targets[0].length <= MAX_TARGETS * 37 - 1),
        ).toBe(true);
        const all = work.flatMap(({ pods }) => pods.map(({ uid }) => uid));
        if (counts.length > 0) expect(uids.toSorted()).toEqual(all.toSorted());
        expect(commands[0]?.work[0]?.pods[0]).toBe(work[0]?.pods[0]);
        for (const { work: packed, parameters } of commands) {
          const own = packed.flatMap(({ pods }) => pods.map(({ uid }) => uid));
          expect(parameters.Targets[0].split(',').toSorted()).toEqual(own.toSorted());
          const ids = packed.map(({ instanceId }) => instanceId);
          expect(new Set(ids).size).toBe(ids.length);
        }
      }),
      { numRuns: 50 },
    );
  });
});

test('a sweep asks each instance once for every pod', () => {
  const ids = [...Array.from({ length: 51 }, (_, i) => `i-${i}`), 'i-0'];
  const commands = makeSweepCommands(ids, 'thaw', windows);
  expect(commands.map(({ work }) => work.length)).toEqual([50, 1]);
  expect(commands[0]?.parameters.Targets).toEqual(['--all']);
});
