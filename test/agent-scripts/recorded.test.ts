/** Other kernels' looks, and what this machine cannot hang in: recorded tasks on a node of files. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Cause } from '../../lambda/domain/report.ts';
import { targetOf } from '../real/freezer-script.ts';
import { addCgroup, addRecorded, addTask, makeNode } from './fake-node.ts';
import { podNames } from './pod-names.ts';
import { atOnce } from './pods.ts';

const recordings = new URL('../fixtures/proc/', import.meta.url);
const tid = 4242;

function nodeWith(recording: string, frozen = false) {
  const { uid, container } = podNames();
  const node = makeNode('v1');
  addCgroup(node, 'v1', `/${container}`, { frozen, tids: [tid] });
  addRecorded(node, tid, new URL(recording, recordings));
  return { ...node, uid, container: join(node.root, 'freezer', container) };
}

describe('killed and not frozen: real I/O', () => {
  const waits: [recording: string, cause: Cause, told: string, comm: string][] = [
    ['nfs-rpc', 'nfs', 'an NFS server', 'node_exporter'],
    ['nfs-open', 'nfs', 'an NFS server', 'bash'],
    ['jbd2', 'block-io', 'block I/O', 'logrotate'],
    ['block-tag', 'block-io', 'block I/O', 'mount'],
    ['xfs', 'block-io', 'block I/O', 'perf_fast_forwa'],
    ['sync', 'block-io', 'block I/O', 'sync'],
    ['fsfreeze-4.14', 'fsfreeze', 'fsfreeze', 'mysqld'],
  ];

  test.each(waits)('%s: %s', async (recording, cause, told, comm) => {
    const { uid, env } = nodeWith(recording);
    expect(await targetOf(['check', uid, ...atOnce], env)).toMatchObject({
      verdict: 'not-frozen',
      cause,
      reason: expect.stringMatching(`${told}.*: task ${tid} \\(${comm}\\)$`),
      tasks: { total: 1, pendingKill: 1, resumes: 0 },
      processes: [{ pid: tid, comm, pending: ['KILL', 'TERM'] }],
    });
  });
});

describe('frozen, however it looks', () => {
  test.each(['frozen-4.15', 'frozen-running-6.1', 'frozen-in-nfs-5.4', 'nfs-rpc'])(
    '%s',
    async (recording) => {
      const { uid, env } = nodeWith(recording, true);
      expect(await targetOf(['check', uid, ...atOnce], env)).toMatchObject({
        verdict: 'frozen',
        cause: 'paused',
        freezes: [{ before: 'FROZEN' }],
      });
    },
  );
});

test('who waits to move a process, on a lock of the same kind, is not held by fsfreeze', async () => {
  const { uid, env, root } = nodeWith('fsfreeze-4.14');
  const frames = [
    'percpu_down_write',
    '__cgroup1_procs_write',
    'kernfs_fop_write_iter',
    'vfs_write',
  ];
  const stack = frames.map((frame) => `[<0>] ${frame}+0x1/0x2\n`).join('');
  writeFileSync(join(root, `proc/${tid}/wchan`), 'percpu_down_write');
  writeFileSync(join(root, `proc/${tid}/stack`), stack);
  const target = await targetOf(['check', uid, ...atOnce], env);
  expect(target).toMatchObject({ verdict: 'not-frozen', cause: 'unknown' });
});

test('a frozen task within an NFS wait is not what holds FREEZING; the one in FUSE is', async () => {
  const { uid, env, root, container } = nodeWith('frozen-in-nfs-5.4', true);
  writeFileSync(join(container, 'freezer.state'), 'FREEZING\n');
  writeFileSync(join(container, 'tasks'), `${tid}\n4300\n`);
  addTask({ root, env }, { tid: 4300, comm: 'cat' });
  writeFileSync(join(root, 'proc/4300/wchan'), 'request_wait_answer');
  const target = await targetOf(['check', uid, ...atOnce], env);
  expect(target).toMatchObject({ verdict: 'frozen', cause: 'held-freezing' });
  expect(target.reason).toContain('task 4300 (cat) waits for fuse');
});

test('a task whose comm is gone, since it ended meanwhile, has the name in its status', async () => {
  const { uid, env, root } = nodeWith('frozen-4.15', true);
  rmSync(join(root, `proc/${tid}/comm`));
  const { processes } = await targetOf(['check', uid, ...atOnce], env);
  expect(processes).toMatchObject([{ tid, comm: 'garden-init' }]);
});
