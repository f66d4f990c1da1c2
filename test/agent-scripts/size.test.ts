/** A crowded node: the report is one line of 23,000 bytes at most, trimmed in the contract's order, never broken. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseReport, type Report } from '../../lambda/domain/report.ts';
import { run } from '../real/freezer-script.ts';
import { addCgroup, addTask, addTaskLike, type FakeNode, makeNode } from './fake-node.ts';
import { atOnce } from './pods.ts';

const limit = 23_000;

/** Runs, holds the output to its limit, and says how many targets were left out. */
async function trimmed(
  node: FakeNode,
  args: string[],
): Promise<Report & { omitted: number; bytes: number }> {
  const { status, stdout, stderr } = await run([...args, ...atOnce], node.env);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^[ -~]+\n$/);
  expect(stdout.length).toBeLessThanOrEqual(limit);
  const parsed = parseReport(stdout);
  if (!parsed.ok) throw new Error(parsed.reason);
  const omitted = Number(/"omitted":(\d+)/.exec(stdout)?.[1] ?? 0);
  return { ...parsed.report, omitted, bytes: stdout.length };
}

type Crowd = {
  pods: number;
  tasks: number;
  nested?: number;
  frozen?: boolean;
  deepStacks?: boolean;
};

/** Adds pods, their tasks numbered on from `from`. @returns their UIDs */
function crowd(
  node: FakeNode,
  { pods, tasks, nested = 0, frozen = true, deepStacks = false }: Crowd,
  from = 1000,
): string[] {
  const first = from - 1;
  addTask(node, { tid: first, state: frozen ? 'D (disk sleep)' : 'S (sleeping)' });
  if (deepStacks) {
    const frame = '[<0>] a_function_of_the_kernel+0x1/0x2\n';
    writeFileSync(join(node.root, `proc/${first}/stack`), frame.repeat(40));
  }
  return Array.from({ length: pods }, (_, pod) => {
    const uid = randomUUID();
    const container = `/kubepods/burstable/pod${uid}/${'c0ffee'.repeat(10)}`;
    const tids = Array.from({ length: tasks }, (_, task) => from + pod * tasks + task);
    addCgroup(node, 'v1', container, { frozen, tids });
    for (let index = 0; index < nested; index++)
      addCgroup(node, 'v1', `${container}/nested-${index}`, { frozen });
    for (const tid of tids) addTaskLike(node, tid, first);
    return uid;
  });
}

test('all there is room for is there', async () => {
  const node = makeNode('v1');
  const uids = crowd(node, { pods: 3, tasks: 2 });
  const { targets, truncated, omitted } = await trimmed(node, ['check', ...uids]);
  expect([targets.length, truncated, omitted]).toEqual([3, false, 0]);
  expect(targets.every(({ processes }) => processes.every(({ stack }) => stack.length > 0))).toBe(
    true,
  );
});

test('stacks go first', async () => {
  const node = makeNode('v1');
  const uids = crowd(node, { pods: 4, tasks: 8, deepStacks: true });
  const { targets, truncated } = await trimmed(node, ['check', ...uids]);
  expect([targets.length, truncated]).toEqual([4, true]);
  for (const { processes } of targets) {
    expect(processes.length).toBeGreaterThan(0);
    expect(processes.flatMap(({ stack }) => stack)).toEqual([]);
  }
});

test('then processes', async () => {
  const node = makeNode('v1');
  const uids = crowd(node, { pods: 10, tasks: 8, nested: 3 });
  const { targets, truncated } = await trimmed(node, ['check', ...uids]);
  expect([targets.length, truncated]).toEqual([10, true]);
  expect(targets.flatMap(({ processes }) => processes)).toEqual([]);
  expect(targets.map(({ freezes, tasks }) => [freezes.length, tasks?.total])).toEqual(
    uids.map(() => [4, 8]),
  );
});

test('then freezes beyond five a target', async () => {
  const node = makeNode('v1');
  const uids = crowd(node, { pods: 4, tasks: 1, nested: 40 });
  const { targets, truncated } = await trimmed(node, ['check', ...uids]);
  expect([targets.length, truncated]).toEqual([4, true]);
  expect(targets.map(({ freezes }) => freezes.length)).toEqual([5, 5, 5, 5]);
});

test('then whole targets, counted: those that are not frozen first', async () => {
  const node = makeNode('v1');
  const running = crowd(node, { pods: 60, tasks: 1, frozen: false }, 1000);
  const frozen = crowd(node, { pods: 30, tasks: 1 }, 2000);
  const { targets, truncated, omitted, bytes } = await trimmed(node, [
    'check',
    ...running,
    ...frozen,
  ]);
  expect(targets.filter(({ verdict }) => verdict === 'frozen').map(({ target }) => target)).toEqual(
    frozen,
  );
  expect([truncated, targets.length + omitted]).toEqual([true, 90]);
  expect(bytes, 'no more is left out than must be').toBeGreaterThan(limit - 1000);
});

test('targets that are absent have their limit too', async () => {
  const node = makeNode('v1');
  const [uid = ''] = crowd(node, { pods: 1, tasks: 1 });
  const paths = Array.from({ length: 20 }, (_, index) => `/${index}${'é'.repeat(1900)}`);
  const { targets, absent, truncated, omitted } = await trimmed(node, ['check', ...paths, uid]);
  expect(targets).toMatchObject([{ target: uid, verdict: 'frozen' }]);
  expect([truncated, absent.length + omitted]).toEqual([true, 20]);
});

test('250 pods and 5,000 threads, all frozen', { timeout: 120_000 }, async () => {
  const node = makeNode('v1');
  crowd(node, { pods: 250, tasks: 20 });
  const { targets, truncated, omitted, quiet, bytes } = await trimmed(node, ['check', '--all']);
  expect([truncated, quiet, targets.length + omitted]).toEqual([true, 0, 250]);
  expect(targets.every(({ tasks }) => tasks?.total === 20)).toBe(true);
  expect(bytes).toBeGreaterThan(limit - 1000);
});
