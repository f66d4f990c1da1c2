/** Whatever a node, a cluster or an alarm sends, each reader gets what it takes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type * as z from 'zod';
import { makeIncident } from '../../../../lambda/domain/message/incident.ts';
import { makeNotification } from '../../../../lambda/domain/notification.ts';
import { type Outcome, outcomeSchema, POD_OUTCOMES } from '../../../../lambda/domain/outcome.ts';
import { slackMessage } from '../../../../lambda/domain/slack-message.ts';
import { parseTopicRecords } from '../../../../lambda/domain/topic-record.ts';
import { anyOutcome } from './any-outcome.ts';
import {
  amazonQSchema,
  isEscaped,
  isPlain,
  SNS_BYTES,
  SUBJECT,
  slackSchema,
} from './reader-limits.ts';
import { goneSample, ORIGIN, sampleOutcome, samplePod } from './samples.ts';

const runs = { numRuns: 60 };
const origins = fc.constantFrom(ORIGIN, undefined);
const now = new Date('2026-11-23T03:04:05Z');

const eventOf = (Message: string, Subject?: string) => ({
  Records: [{ Sns: { Message, Subject } }],
});
const toSlack = (message: string, subject?: string) => {
  const [first] = parseTopicRecords(eventOf(message, subject), { now, ...ORIGIN });
  return slackSchema.parse(first);
};

describe('any outcome', () => {
  test('is a Slack message within the limits, escaped, with no link but ours', () => {
    fc.assert(
      fc.property(anyOutcome, origins, (outcome, origin) => {
        slackSchema.parse(slackMessage(makeIncident(outcome, origin)));
      }),
      runs,
    );
  });

  test('is one publish within SNS’s size, with a body that each reader takes', () => {
    fc.assert(
      fc.property(anyOutcome, origins, (outcome, origin) => {
        const { subject, bodies, attributes } = makeNotification(outcome, origin);
        expect(subject).toMatch(SUBJECT);
        expect(bodies.sms).toMatch(SUBJECT);
        const sent = Buffer.byteLength(JSON.stringify(bodies) + JSON.stringify(attributes));
        expect(sent).toBeLessThanOrEqual(SNS_BYTES - 1_000);
        amazonQSchema.parse(JSON.parse(bodies.https));
        expect(bodies.default).not.toBe('');
        for (const value of [attributes.cluster, ...attributes.outcome]) expect(value).not.toBe('');
      }),
      runs,
    );
  });

  test('reaches machines as an outcome that counts every pod, shortened or not', () => {
    fc.assert(
      fc.property(anyOutcome, origins, (outcome, origin) => {
        const { lambda, sqs } = makeNotification(outcome, origin).bodies;
        const told = outcomeSchema.parse(JSON.parse(lambda));
        expect(sqs).toBe(lambda);
        expect(told.summary).toEqual(outcome.summary);
        expect(told.resolvedCount).toBe(outcome.resolvedCount);
        expect(told.pods.length).toBeLessThanOrEqual(outcome.pods.length);
      }),
      runs,
    );
  });

  test('comes through the topic to Slack', () => {
    fc.assert(
      fc.property(anyOutcome, origins, (outcome, origin) => {
        toSlack(makeNotification(outcome, origin).bodies.lambda);
      }),
      runs,
    );
  });

  test('claims a pod gone only where the outcome is deleted, or a listing lacks it', () => {
    fc.assert(
      fc.property(anyOutcome, (outcome) => {
        const gone = makeIncident(outcome, undefined).entries.some(({ proof }) =>
          proof.some(({ claim, proven }) => /^pods? gone from the API/.test(claim) && proven),
        );
        const left = outcome.resolved?.some(({ what }) => what === 'pod') ?? false;
        if (gone) expect((outcome.summary.deleted ?? 0) > 0 || left).toBe(true);
      }),
      runs,
    );
  });
});

describe('anything else on the topic', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('<!channel>', '\u202e', ''));

  test('is a Slack message too: text', () => {
    fc.assert(
      fc.property(text, text, (message, subject) => void toSlack(message, subject)),
      runs,
    );
  });

  test('is a Slack message too: alarms', () => {
    const alarm = fc.record({
      AlarmName: text,
      AlarmArn: fc.oneof(text, fc.constant('arn:aws:cloudwatch:eu-central-1:111122223333:alarm:x')),
      NewStateValue: fc.oneof(text, fc.constantFrom('OK', 'ALARM', 'INSUFFICIENT_DATA')),
      OldStateValue: text,
      NewStateReason: text.map((t) => t.repeat(500)),
      AlarmDescription: fc.option(text),
    });
    fc.assert(
      fc.property(alarm, (value) => void toSlack(JSON.stringify(value))),
      runs,
    );
  });
});

test('the check itself sees what is not plain', () => {
  for (const bad of ['a *b* c', '*a* *b*', 'a `b', '~a~', 'a _b_', '*a*  b *left to do*']) {
    expect(isPlain(bad), bad).toBe(false);
  }
  for (const good of ['*left to do*  a_b', '✅ *a* b', '`*~_` x', 'snake_case', '*proven*  `a*`']) {
    expect(isPlain(good), good).toBe(true);
  }
});

test.each<[string, Partial<Outcome>]>([
  ['stuck', { pods: tenThousand((n) => samplePod(POD_OUTCOMES[n % 10] ?? 'held', 'paused', n)) }],
  ['over', { resolved: tenThousand((n) => goneSample('held', 'nfs', n)), resolvedCount: 10_000 }],
])('ten thousand pods are one message that counts them all: %s', (_, part) => {
  const pods = part.pods ?? [];
  const outcome = sampleOutcome(pods, part);
  const { bodies } = makeNotification(outcome, ORIGIN);
  expect(Buffer.byteLength(JSON.stringify(bodies))).toBeLessThanOrEqual(SNS_BYTES - 1_000);
  amazonQSchema.parse(JSON.parse(bodies.https));
  for (const text of [toSlack(bodies.lambda).text, bodies.default, bodies.sms]) {
    expect(text).toContain('10000 pods');
  }
});

test('nobody is named: empty strings all over still make a message for each reader', () => {
  const [cluster, runId] = ['', ''];
  const blank = { namespace: '', name: '', uid: '', node: '', reason: '', instanceId: '' };
  for (const kind of POD_OUTCOMES) {
    const outcome = sampleOutcome([{ ...samplePod(kind), ...blank }], { cluster, runId });
    const { bodies, subject } = makeNotification({ ...outcome, problem: '' }, ORIGIN);
    expect(subject).toMatch(SUBJECT);
    amazonQSchema.parse(JSON.parse(bodies.https));
    toSlack(bodies.lambda);
  }
});

test('the check itself sees what is not escaped', () => {
  for (const bad of ['<!channel>', 'a & b', '<https://evil.example|x>', '&lt;<', '>']) {
    expect(isEscaped(bad), bad).toBe(false);
  }
  expect(isEscaped('a &amp; &lt;b&gt;')).toBe(true);
});

function tenThousand<T>(make: (n: number) => T): T[] {
  return Array.from({ length: 10_000 }, (_, n) => make(n));
}

test('the worst case fits: sixty pods, every text long and full of what JSON must quote', () => {
  const long = '"\\\u{1f9ca}'.repeat(3_000);
  const raw: z.input<typeof outcomeSchema> = {
    podthaw: 1,
    runId: long,
    cluster: long,
    action: 'thaw',
    trigger: { kind: 'alarm', name: long },
    pods: Array.from({ length: 60 }, (_, index) => ({
      namespace: long,
      name: `${index}${long}`,
      uid: long,
      overdueSeconds: index,
      outcome: 'failed' as const,
      reason: long,
    })),
    summary: { failed: 60 },
    problem: long,
  };
  const outcome: Outcome = outcomeSchema.parse(raw);
  const { bodies } = makeNotification(outcome, ORIGIN);
  expect(Buffer.byteLength(JSON.stringify(bodies))).toBeLessThanOrEqual(SNS_BYTES - 1_000);
  expect(outcomeSchema.parse(JSON.parse(bodies.lambda)).summary).toEqual({ failed: 60 });
  toSlack(bodies.lambda);
});
