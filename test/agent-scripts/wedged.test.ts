/** Tasks whose stat, wchan and stack block every reader: the freeze that they hold open is lifted, and in time. */

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freeze, isSelfFrozen } from '../real/cgroup.ts';
import { targetOf } from '../real/freezer-script.ts';
import { type Fuse, makeFuse } from '../real/fuse.ts';
import { sleeper, startIn, status, until } from '../real/process.ts';
import { describeFreezers } from '../real/suite.ts';
import { makePod, type Pod } from './pods.ts';

/** In execve, it closes a file on the FUSE file system, whose flush is never answered. */
async function wedge({ container }: Pod, fuse: Fuse, count: number): Promise<number[]> {
  const go = join(fuse.source, '..', 'go');
  const program =
    'open my $file, "<", $ARGV[0] or die; sleep 0.02 until -e $ARGV[1]; exec "sleep", "600"';
  const command = ['perl', '-e', `use Time::HiRes "sleep"; ${program}`, join(fuse.mount, 'f'), go];
  const pids: number[] = [];
  for (let index = 0; index < count; index += 1)
    pids.push((await startIn([container], command)).pid);
  await until('they have the file open', () => pids.every(hasOpen));
  fuse.silence();
  writeFileSync(go, '');
  await until('they hang in execve', () => pids.every((pid) => !hasOpen(pid)));
  expect(pids.map((pid) => status(pid, 'Name'))).toEqual(pids.map(() => 'perl'));
  return pids;
}

/** Lists only: what follows the link would hang in its turn. */
function hasOpen(pid: number): boolean {
  return readdirSync(`/proc/${pid}/fd`).includes('3');
}

describeFreezers(
  'tasks wedged in execve',
  (hierarchy) => {
    test.each([1, 7])('%d of them', async (count) => {
      const pod = makePod(hierarchy);
      const fuse = await makeFuse();
      const pids = await wedge(pod, fuse, count);
      const { pid } = await startIn([pod.container], sleeper);
      freeze(pod.container);
      const started = performance.now();
      const target = await targetOf(['thaw', pod.uid, '--settle', '1', '--wait', '1']);
      expect(performance.now() - started).toBeLessThan(15_000);
      expect(target).toMatchObject({
        verdict: 'thawed',
        cause: 'held-freezing',
        tasks: { total: count + 1 },
        freezes: [{ path: pod.container.path, action: 'thawed' }],
      });
      expect(target.processes.map((task) => task.pid).sort()).toEqual([...pids, pid].sort());
      expect(isSelfFrozen(pod.container)).toBe(false);
    });
  },
  ['fuse'],
);
