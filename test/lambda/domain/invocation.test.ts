import { describe, expect, test } from 'vitest';
import { type Invocation, isFinished, readInvocation } from '../../../lambda/domain/invocation.ts';
import { uidOf } from './pods.ts';
import { reportOf, targetOf } from './reports.ts';

const report = reportOf([targetOf(uidOf(1))]);
const read = (fields: Partial<Invocation>) =>
  readInvocation(
    {
      instanceId: 'i-1',
      statusDetails: 'Success',
      responseCode: 0,
      stdout: JSON.stringify(report),
      stderr: '',
      ...fields,
    },
    'c-1',
  );

test('a report is a report', () => {
  expect(read({})).toEqual({ kind: 'report', report, commandId: 'c-1' });
});

test.each([
  ['Undeliverable', -1, 'could not deliver'],
  ['Delivery Timed Out', -1, 'did not pick the command up'],
  ['DeliveryTimedOut', -1, 'did not pick the command up'],
  ['Cancelled', -1, 'cancelled before it began'],
  ['Terminated', -1, 'ended before it reached'],
  ['InvalidPlatform', -1, 'does not run on this platform'],
  ['AccessDenied', -1, 'denied access'],
])('%s: the node is out of reach, whatever its output says', (statusDetails, code, reason) => {
  const reply = read({ statusDetails, responseCode: code });
  expect(reply).toMatchObject({ kind: 'unreachable', reason: expect.stringContaining(reason) });
});

describe('unknown, and why', () => {
  test.each<[string, Partial<Invocation>, string]>([
    ['no report', { stdout: '' }, 'sent no report'],
    ['a report cut off', { stdout: '{"podthaw":1,"act' }, 'cut off'],
    ['Success with an exit code', { responseCode: 7 }, 'exit code 7'],
    ['Success that never started', { responseCode: -1 }, 'exit code -1'],
    [
      'usage',
      { statusDetails: 'Failed', responseCode: 2, stderr: 'usage: …\nfreezer.sh: no TARGET' },
      'refused its arguments: freezer.sh: no TARGET',
    ],
    [
      'a node that cannot be examined',
      {
        statusDetails: 'Failed',
        responseCode: 3,
        stderr: 'freezer.sh: not root\nfailed to run commands: exit status 3',
      },
      'cannot be examined: freezer.sh: not root',
    ],
    [
      'a time-out',
      { statusDetails: 'ExecutionTimedOut', responseCode: 137 },
      'after its time limit',
    ],
    ['a cancel', { statusDetails: 'Cancelled', responseCode: 137 }, 'SSM: Cancelled'],
    ['a status to come', { statusDetails: 'Whatever', responseCode: 0 }, 'SSM says Whatever'],
    ['a failure with a report', { statusDetails: 'Failed', responseCode: 1 }, 'exit code 1'],
  ])('%s', (_, fields, reason) => {
    expect(read(fields)).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining(reason),
      commandId: 'c-1',
    });
  });
});

test.each([
  ['Pending', false],
  ['InProgress', false],
  ['In Progress', false],
  ['Delayed', false],
  ['Cancelling', false],
  ['Success', true],
  ['Failed', true],
  ['Delivery Timed Out', true],
])('%s finished: %s', (statusDetails, finished) => {
  expect(isFinished({ statusDetails })).toBe(finished);
});

test.each([
  [3, 'freezer.sh: busy: another thaw held the lock for 30 s', true],
  [3, 'freezer.sh: not root', false],
  [1, 'freezer.sh: busy: another thaw held the lock for 30 s', false],
])('exit %i, "%s": busy %s', (responseCode, stderr, busy) => {
  expect('busy' in read({ statusDetails: 'Failed', responseCode, stdout: '', stderr })).toBe(busy);
});
