/** Alarms of podthaw's own come through the same topic and have a message of their own. */
import { expect, test } from 'vitest';
import { parseTopicRecords } from '../../../../lambda/domain/topic-record.ts';
import { ORIGIN } from './samples.ts';
import { slackLines } from './told.ts';

const alarm = (name: string, state = 'ALARM') => ({
  AlarmName: `podthaw-health-${name}`,
  AlarmArn: `arn:aws:cloudwatch:eu-central-1:111122223333:alarm:podthaw-health-${name}`,
  AlarmDescription: 'podthaw: something is wrong with it.',
  AWSAccountId: '111122223333',
  Region: 'EU (Frankfurt)',
  OldStateValue: state === 'OK' ? 'ALARM' : 'OK',
  NewStateValue: state,
  NewStateReason: 'Threshold Crossed: 1 datapoint [3.0] was >= the threshold (1.0).',
  StateChangeTime: '2026-11-23T03:04:05.000+0000',
  Trigger: { MetricName: 'Errors', Namespace: 'AWS/Lambda' },
});

function told(Message: string, Subject?: string) {
  const around = { now: new Date(ORIGIN.at), dashboard: 'podthaw', runbookUrl: ORIGIN.runbookUrl };
  const [message] = parseTopicRecords({ Records: [{ Sns: { Message, Subject } }] }, around);
  return [message?.text ?? '', ...slackLines(message?.blocks)].join('\n');
}

test.each([
  ['remediate-errors', 'health-errors'],
  ['detect-throttles', 'health-throttles'],
  ['notify-slack-failures', 'health-failures'],
  ['mail-failures', 'health-failures'],
  ['notifications-failed', 'health-notifications-failed'],
  ['detector-silent-prod', 'health-detector-silent'],
  ['detector-silent-a-errors', 'health-detector-silent'],
])('%s: what is ill, why, what to do, and where to read on', (name, anchor) => {
  const text = told(JSON.stringify(alarm(name)));
  expect(text).toContain(`🚑 podthaw itself needs help: podthaw-health-${name}`);
  expect(text).toContain('account 111122223333 · eu-central-1');
  expect(text).toContain('OK → ALARM');
  expect(text).toContain('was &gt;= the threshold');
  expect(text).toContain(`runbook.md#${anchor}|`);
  expect(text).toContain(`#alarmsV2:alarm/podthaw-health-${name}|alarm>`);
});

test('well again: nothing is left to do', () => {
  const text = told(JSON.stringify(alarm('detector-silent-prod', 'OK')));
  expect(text).toContain('✅ podthaw itself is well again');
  expect(text).toContain('*left to do*  Nothing.');
});

test('an alarm that is none of ours is told all the same', () => {
  const text = told(JSON.stringify({ ...alarm('x'), AlarmName: 'disk-full' }));
  expect(text).toContain('podthaw itself needs help: disk-full');
});

test('anything else is shown as it is, and not as podthaw’s own words', () => {
  const text = told('shop/cart-0 is gone\n<!channel>', 'All clear');
  expect(text).toContain("On podthaw's topic: All clear");
  expect(text).toContain('&lt;!channel&gt;');
});

test('an event that is none of SNS’s is an error, not a message', () => {
  expect(() => parseTopicRecords({ hello: 1 }, { now: new Date() })).toThrow(/Records/);
});
