/** What a message must say, beside how it looks. */
import { describe, expect, test } from 'vitest';
import { makeIncident } from '../../../../lambda/domain/message/incident.ts';
import { logsLink } from '../../../../lambda/domain/message/links.ts';
import { originOf } from '../../../../lambda/domain/message/origin.ts';
import { makeNotification, needsPerson } from '../../../../lambda/domain/notification.ts';
import { POD_OUTCOMES } from '../../../../lambda/domain/outcome.ts';
import { slackMessage } from '../../../../lambda/domain/slack-message.ts';
import { CAUSES_OF, ORIGIN, sampleOutcome, samplePod } from './samples.ts';
import { slackLines } from './told.ts';

const slackText = (...args: Parameters<typeof makeIncident>) =>
  slackLines(slackMessage(makeIncident(...args)).blocks).join('\n');

describe('one pod that was freed', () => {
  const outcome = sampleOutcome([samplePod('deleted', 'paused')]);

  test.each([
    ['Slack', slackText(outcome, ORIGIN)],
    ['e-mail', makeNotification(outcome, ORIGIN).bodies.default],
    ['Amazon Q', makeNotification(outcome, ORIGIN).bodies.https],
  ])('%s: what, where, how long, cause, before and after, proof, links', (_, text) => {
    for (const part of [
      'shop/cart-0 was frozen; podthaw thawed it, and it is gone',
      'cluster prod · account 111122223333 · eu-central-1',
      '5 min past its deletion',
      'ip-10-0-1-0.eu-central-1.compute.internal',
      'a paused container',
      'FROZEN → THAWED',
      '14 s from the start of the run',
      'tasks gone (3 exited)',
      'pod gone from the API',
      '/systems-manager/run-command/c0ffee00-1111-4222-8333-444455556666?region=eu-central-1',
      '#logsV2:logs-insights$3FqueryDetail$3D~(',
      '#dashboards/dashboard/podthaw',
      'https://wiki.example.com/podthaw/runbook.md#cause-paused',
    ]) {
      expect(text).toContain(part);
    }
  });

  test('needs nobody', () => {
    expect(makeNotification(outcome).attributes).toEqual({
      cluster: 'prod',
      severity: 'info',
      outcome: ['deleted'],
    });
  });
});

test('what is not proven is not claimed', () => {
  const pod = {
    ...samplePod('thawed', 'paused'),
    tasks: { exited: 1, left: 2 },
    holding: 'nfs' as const,
  };
  const text = slackText(sampleOutcome([pod]), ORIGIN);
  expect(text).toContain('☑ thawed   ☐ tasks gone (2 left)   ☐ pod gone from the API');
  expect(text).toContain('*still held by*  NFS or EFS that does not answer');
  expect(text).toContain('Bring the NFS server');
  expect(text).toContain('runbook.md#cause-nfs');
});

test.each(POD_OUTCOMES.filter((kind) => !['deleted', 'thawed', 'failed'].includes(kind)))(
  '%s claims no rung at all',
  (kind) => {
    const { entries } = makeIncident(sampleOutcome([samplePod(kind, CAUSES_OF[kind][0])]), ORIGIN);
    expect(entries.map(({ proof }) => proof)).toEqual([[]]);
  },
);

test('severity: only what is done, deferred or in other hands needs nobody', () => {
  const calm = POD_OUTCOMES.filter((kind) => !needsPerson(sampleOutcome([samplePod(kind)])));
  expect(calm).toEqual(['deleted', 'deferred', 'in-progress']);
  expect(needsPerson(sampleOutcome([], { problem: 'no access' }))).toBe(true);
});

describe('many pods', () => {
  const gone = Array.from({ length: 47 }, (_, n) => samplePod('deleted', 'paused', n));
  const outcome = sampleOutcome([
    ...gone,
    ...[47, 48].map((n) => samplePod('held', undefined, n)),
    samplePod('failed', 'paused', 49),
  ]);
  const incident = makeIncident(outcome, ORIGIN);

  test('are one summary, what needs a person first', () => {
    expect(incident.headline).toBe('50 pods were stuck: 1 not freed, 2 left alone, 47 gone');
    expect(incident.entries.map(({ title }) => title)).toEqual([
      'shop/cart-49',
      '2 pods',
      '47 pods',
    ]);
    expect(incident.more).toBeUndefined();
  });

  test('are named up to a count', () => {
    const names = incident.entries[2]?.facts.find(([label]) => label === 'pods')?.[1];
    expect(names).toMatch(/^shop\/cart-0, .*shop\/cart-9 and 37 more$/);
  });

  test('are proven as a group only if each is', () => {
    const half = gone.map((pod, n) => (n === 0 ? { ...pod, tasks: { exited: 1, left: 2 } } : pod));
    const [entry] = makeIncident(sampleOutcome(half), ORIGIN).entries;
    expect(entry?.proof).toEqual([
      { claim: 'thawed', proven: true },
      { claim: 'tasks gone (46 of 47)', proven: false },
      { claim: 'pod gone from the API', proven: true },
    ]);
  });

  test('that did not fit into the JSON are still counted', () => {
    const long = 'x'.repeat(50_000);
    const pods = Array.from({ length: 50 }, (_, n) => ({
      ...samplePod('failed', undefined, n),
      node: long,
    }));
    const { lambda } = makeNotification(sampleOutcome(pods), ORIGIN).bodies;
    expect(JSON.parse(lambda)).toMatchObject({ summary: { failed: 50 } });
    const few = sampleOutcome(pods.slice(0, 20), { summary: { failed: 50 } });
    expect(makeIncident(few, ORIGIN).more).toBe('and 30 more; in all: 50 not freed');
  });
});

describe('evidence goes first where the JSON is too long', () => {
  const line = 'at some_frame+0x1/0x2'.repeat(100);
  const [process] = samplePod('failed', 'paused').processes;
  const pods = Array.from({ length: 50 }, (_, n) => ({
    ...samplePod('failed', 'paused', n),
    processes: process === undefined ? [] : [{ ...process, stack: [line, line] }],
  }));

  test('stacks are dropped, pods and freezes are kept', () => {
    const body = JSON.parse(makeNotification(sampleOutcome(pods), ORIGIN).bodies.lambda);
    expect(body.pods).toHaveLength(50);
    expect(body.pods[49]).toMatchObject({
      freezes: [{ before: 'FROZEN' }],
      processes: [{ stack: [] }],
    });
  });
});

describe('links', () => {
  test('are made from the topic’s ARN, in each partition', () => {
    const china = originOf({
      topicArn: 'arn:aws-cn:sns:cn-north-1:111122223333:podthaw',
      now: new Date(ORIGIN.at),
      logGroup: 'podthaw',
    });
    const [link] = logsLink(china, '6f1c2d3e-0000-4000-8000-00000000beef');
    expect(link?.url).toMatch(/^https:\/\/cn-north-1\.console\.amazonaws\.cn\//);
  });

  test('are left out rather than broken', () => {
    expect(originOf({ topicArn: 'nonsense', now: new Date(ORIGIN.at) })).toBeUndefined();
    const text = slackText(sampleOutcome([samplePod('deleted', 'paused')]), undefined);
    expect(text).not.toContain('http');
    expect(text).toContain('docs/runbook.md#cause-paused');
  });

  test('to the logs cover the run, by its id alone', () => {
    const [link] = logsLink(ORIGIN, '6f1c2d3e-0000-4000-8000-00000000beef');
    const plain = decodeURIComponent((link?.url ?? '').replaceAll('*', '%'));
    expect(plain).toContain('@message like "6f1c2d3e-0000-4000-8000-00000000beef"');
    expect(plain).toContain("start~'2026-11-23T02:04:05.000Z");
    expect(plain).toContain("end~'2026-11-23T04:04:05.000Z");
    expect(plain).toContain("source~(~'/aws/lambda/podthaw-remediate)");
    expect(logsLink(ORIGIN, '" | delete')).toEqual([]);
  });
});

test('a command to copy is only made of names that no shell reads as more', () => {
  const pod = samplePod('would-thaw', 'paused');
  const byHand = { trigger: { kind: 'manual' as const } };
  const step = (name: string, cluster = 'prod') =>
    makeIncident(sampleOutcome([{ ...pod, name }], { ...byHand, cluster }), ORIGIN).entries[0]
      ?.step;
  const command = 'Nobody has thawed it: npx podthaw thaw';
  expect(step('cart-0')).toBe(`${command} --cluster prod --pod shop/cart-0`);
  expect(step('x; rm -rf /')).toBe(`${command} --cluster prod`);
  expect(step('x; rm -rf /', '$(reboot)')).toBe(command);
});

test('where an alarm led to a look only, no command is named that would only look again', () => {
  const { entries } = makeIncident(sampleOutcome([samplePod('would-thaw', 'paused')]), ORIGIN);
  expect(entries[0]?.step).toContain('only observes here: set "mode": "thaw"');
  expect(entries[0]?.step).not.toContain('npx podthaw thaw');
});
