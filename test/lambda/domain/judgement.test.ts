import { describe, expect, test } from 'vitest';
import { judgePod, judgeUnnamed } from '../../../lambda/domain/judgement.ts';
import type { NodeReply } from '../../../lambda/domain/outcome.ts';
import type { Report, TargetReport } from '../../../lambda/domain/report.ts';
import { podOf, uidOf } from './pods.ts';
import { reportOf, targetOf } from './reports.ts';

const pod = podOf(1);
const replied = (fields: Partial<TargetReport>, report: Partial<Report> = {}): NodeReply => ({
  kind: 'report',
  commandId: 'c-1',
  report: reportOf([targetOf(pod.uid, fields)], report),
});

describe('verdict × action × gone from the API', () => {
  test.each<[TargetReport['verdict'], Report['action'], boolean, string]>([
    ['thawed', 'thaw', true, 'deleted'],
    ['thawed', 'thaw', false, 'thawed'],
    ['not-frozen', 'thaw', true, 'deleted'],
    ['not-frozen', 'thaw', false, 'not-frozen'],
    ['not-frozen', 'check', false, 'not-frozen'],
    ['frozen', 'thaw', false, 'held'],
    ['frozen', 'check', false, 'would-thaw'],
    ['thaw-failed', 'thaw', false, 'failed'],
    ['refrozen', 'thaw', false, 'failed'],
    ['unknown', 'thaw', false, 'unknown'],
    ['unknown', 'check', false, 'unknown'],
  ])('%s, %s, gone %s: %s', (verdict, action, gone, outcome) => {
    const judged = judgePod(pod, replied({ verdict, reason: 'because' }, { action }), gone);
    expect(judged).toMatchObject({ outcome, commandId: 'c-1', cause: 'paused' });
  });

  test.each(['above-pod', 'outside-pod'] as const)('a check of %s would leave it', (cause) => {
    const judged = judgePod(pod, replied({ verdict: 'frozen', cause }, { action: 'check' }), false);
    expect(judged.outcome).toBe('held');
  });
});

describe('thawed but not gone, and why', () => {
  test.each<[string, Partial<TargetReport>, readonly string[], string]>([
    [
      'tasks are left',
      {
        tasks: { total: 3, pendingKill: 3, resumes: 0, exited: 1, left: 2 },
        holding: 'nfs' as const,
      },
      [],
      '2 of its tasks are left, held by nfs',
    ],
    [
      'tasks and finalizers',
      { tasks: { total: 1, pendingKill: 1, resumes: 0, exited: 0, left: 1 } },
      ['a/b'],
      '1 of its tasks are left; it waits for finalizers a/b',
    ],
    ['finalizers', {}, ['a/b', 'c/d'], 'waits for finalizers a/b, c/d'],
    ['the kubelet', {}, [], 'the kubelet has not finished'],
  ])('%s', (_, fields, finalizers, reason) => {
    const judged = judgePod(podOf(1, { finalizers }), replied(fields), false);
    expect(judged).toMatchObject({
      outcome: 'thawed',
      reason: expect.stringContaining(reason),
    });
  });

  test('a pod gone from the API may have tasks left on the node', () => {
    const tasks = { total: 1, pendingKill: 1, resumes: 0, exited: 0, left: 1 };
    const judged = judgePod(pod, replied({ tasks }), true);
    expect(judged.outcome).toBe('deleted');
    expect(judged.reason).toContain('1 of its tasks still ran');
  });
});

describe('without a word on the pod', () => {
  const silent: NodeReply = { kind: 'report', commandId: 'c-1', report: reportOf([]) };

  test.each<[string, NodeReply, boolean, string]>([
    ['unreachable', { kind: 'unreachable', reason: 'r' }, false, 'unreachable'],
    ['refused', { kind: 'failed', reason: 'r' }, false, 'failed'],
    ['unknown', { kind: 'unknown', reason: 'r', commandId: 'c-1' }, false, 'unknown'],
    ['unknown, but gone', { kind: 'unknown', reason: 'r' }, true, 'deleted'],
    ['left out of the report', silent, false, 'unknown'],
    ['left out, but gone', silent, true, 'deleted'],
    ['another pod’s thaw says nothing', replied({ target: uidOf(2) }), false, 'unknown'],
  ])('%s', (_, reply, gone, outcome) => {
    expect(judgePod(pod, reply, gone).outcome).toBe(outcome);
  });

  test('absent from the node: it waits for its finalizers', () => {
    const absent: NodeReply = {
      kind: 'report',
      commandId: 'c-1',
      report: reportOf([], { absent: [pod.uid] }),
    };
    expect(judgePod(podOf(1, { finalizers: ['a/b'] }), absent, false)).toMatchObject({
      outcome: 'not-frozen',
      cause: 'no-tasks',
      reason: expect.stringContaining('finalizers a/b'),
    });
    expect(judgePod(pod, absent, true).outcome).toBe('deleted');
  });
});

test('without the API nothing can be called deleted', () => {
  const judged = judgeUnnamed('i-1', replied({}));
  expect(judged).toMatchObject([{ uid: pod.uid, instanceId: 'i-1', outcome: 'thawed' }]);
  expect(judgeUnnamed('i-1', { kind: 'unreachable', reason: 'r' })).toMatchObject([
    { uid: '', outcome: 'unreachable', reason: 'r' },
  ]);
});
