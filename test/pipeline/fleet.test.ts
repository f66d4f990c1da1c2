/** The fleet's canned reports are what the script writes: the scale tests count calls by their size. */
import { expect, test } from 'vitest';
import { LISTED_TARGETS } from '../../lambda/domain/command.ts';
import { uidOf } from '../lambda/domain/pods.ts';
import { below, freeze, frozen, makeTree } from '../real/cgroup.ts';
import { run } from '../real/freezer-script.ts';
import { sleeper, startIn } from '../real/process.ts';
import { describeWith } from '../real/suite.ts';
import { reportOf } from './fleet.ts';

/** What one node's output may be in SSM's list call, in bytes. */
const LISTED_BYTES = 2_500;

const absent = (count: number) => Array.from({ length: count }, (_, n) => uidOf(n + 500));

/** Pods of one frozen container each, killed in vain. @returns their UIDs */
async function killedPods(count: number): Promise<string[]> {
  const tree = makeTree('v1');
  const uids = Array.from({ length: count }, (_, n) => uidOf(n + 1));
  for (const uid of uids) {
    const [own] = JSON.parse(reportOf([{ uid }], [uid], 'thaw')).targets[0].freezes;
    const container = below(tree, own.path);
    const { child } = await startIn([container], sleeper);
    freeze(container);
    await frozen(container);
    child.kill('SIGKILL');
  }
  return uids;
}

/** Every path of keys in a value; of arrays, those of all their members. */
function shapeOf(value: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [`${at}: ${typeof value}`];
  const members = Array.isArray(value)
    ? value.map((member): [string, unknown] => ['[]', member])
    : Object.entries(value);
  const deep = members.flatMap(([key, member]) => shapeOf(member, `${at}.${key}`));
  return [...new Set(deep)].sort();
}

describeWith(['v1'], 'the canned reports beside the real ones, cgroup v1', () => {
  test.each([
    ['check', 1],
    ['thaw', 1],
    ['check', 5],
    ['thaw', 5],
  ])('%s of %i pods', async (action, count) => {
    const uids = await killedPods(count);
    const asked = [...uids, ...absent(10)];
    const real = await run([action, ...asked, '--settle', '0', '--wait', '1']);
    const canned = reportOf(
      uids.map((uid) => ({ uid })),
      asked,
      action,
    );
    expect(shapeOf(JSON.parse(canned))).toEqual(shapeOf(JSON.parse(real.stdout)));
    const ratio = canned.length / real.stdout.length;
    console.log(`${action} ${count}: ${real.stdout.length} bytes, canned ${canned.length}`);
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.2);
  });

  test('one pod’s report fits SSM’s list call beside as many UIDs as its command carries', async () => {
    const [uid = ''] = await killedPods(1);
    const others = absent(LISTED_TARGETS - 1);
    for (const action of ['check', 'thaw']) {
      const { stdout } = await run([action, uid, ...others, '--settle', '0', '--wait', '1']);
      expect(stdout.length).toBeLessThan(LISTED_BYTES);
      expect(reportOf([{ uid }], [uid, ...others], action).length).toBeLessThan(LISTED_BYTES);
    }
  });
});
