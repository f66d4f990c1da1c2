/** Stuck in Terminating by I/O that hangs, SIGKILL pending and nothing frozen: FUSE, fsfreeze, block I/O. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { makeDisk } from '../real/disk.ts';
import { targetOf } from '../real/freezer-script.ts';
import { makeFuse } from '../real/fuse.ts';
import { startIn, status, until } from '../real/process.ts';
import { describeFreezers, describeWith } from '../real/suite.ts';
import { atOnce, makePod, waitsIn } from './pods.ts';

const perl = (code: string) => (folder: string) => ['perl', '-e', code, folder];

describeFreezers(
  'a FUSE server that hangs',
  (hierarchy) => {
    test('a read', async () => {
      const { uid, container } = makePod(hierarchy);
      const fuse = await makeFuse();
      fuse.hang();
      const { pid } = await startIn([container], ['cat', `${fuse.mount}/f`]);
      await fuse.taken();
      await stuck(pid, /request_wait_answer/);
      await expectCause(uid, 'fuse', 'FUSE', pid);
    });
  },
  ['fuse'],
);

// What a task waits for has nothing to do with the hierarchy it is in: one is enough for each kind.

describeWith(['v1', 'disk'], 'a file system frozen by fsfreeze', () => {
  test.each([
    ['an open', perl('open F, ">", "$ARGV[0]/new"')],
    ['a write', perl('open F, ">>", "$ARGV[0]/f"; syswrite F, "x"')],
    ['a truncate', perl('truncate "$ARGV[0]/f", 3')],
  ])('%s', async (_, command) => {
    const { uid, container } = makePod('v1');
    const disk = makeDisk();
    disk.freeze();
    const { pid } = await startIn([container], command(disk.mount));
    await stuck(pid, /percpu/);
    await expectCause(uid, 'fsfreeze', 'fsfreeze', pid);
  });
});

describeWith(['v2', 'fuse', 'disk'], 'a disk that does not answer', () => {
  test.each([
    ['a folder', (mount: string) => ['ls', `${mount}/lost+found`], /ext4_read_bh|wait_on_buffer/],
    ['a direct read', (mount: string) => ['dd', `if=${mount}/f`, 'iflag=direct'], /dio/],
    ['a sync', (mount: string) => ['sync', '-f', mount], /folio_wait|wait_on_page|jbd2/],
  ])('%s', async (_, command, waits) => {
    const { uid, container } = makePod('v2');
    const fuse = await makeFuse();
    const disk = makeDisk(fuse);
    writeFileSync(`${disk.mount}/dirty`, 'not on the disk yet');
    forget(`${fuse.mount}/image`);
    fuse.hang();
    const { pid } = await startIn([container], command(disk.mount));
    await stuck(pid, waits);
    await expectCause(uid, 'block-io', 'block I/O', pid);
  });
});

/** Drops a file from the page cache, so that a read goes to what is below it. */
function forget(file: string): void {
  execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
}

/** Sends SIGKILL once the process waits there, and it stays there. */
async function stuck(pid: number, where: RegExp): Promise<void> {
  await waitsIn(pid, where);
  process.kill(pid, 'SIGKILL');
  await until('SIGKILL is pending', () => status(pid, 'SigPnd') === '0000000000000100');
}

async function expectCause(uid: string, cause: string, named: string, pid: number): Promise<void> {
  expect(await targetOf(['check', uid, ...atOnce])).toMatchObject({
    verdict: 'not-frozen',
    cause,
    reason: expect.stringMatching(`${named}.*task ${pid} `),
    tasks: { total: 1, pendingKill: 1, resumes: 0, left: 1 },
    processes: [{ pid, state: 'D', pending: ['KILL'], stack: expect.any(Array) }],
  });
}
