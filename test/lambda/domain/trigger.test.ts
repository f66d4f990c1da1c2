import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Scope } from '../../../lambda/domain/scope.ts';
import { parseTrigger, type Trigger, TriggerError } from '../../../lambda/domain/trigger.ts';
import { disguisedRequest } from '../../fixtures/disguised-request.ts';
import { publishedEvents } from '../../fixtures/published-events.ts';

const PUBLISHED: Record<string, { name: string; arn: string; scope: Scope }> = {
  'lambda-metric-alarm': {
    name: 'lambda-demo-metric-alarm',
    arn: 'arn:aws:cloudwatch:us-east-1:444455556666:alarm:lambda-demo-metric-alarm',
    scope: { instanceId: 'i-12345678' },
  },
  'lambda-composite-alarm': {
    name: 'CompositeDemo.Main',
    arn: 'arn:aws:cloudwatch:us-east-1:111122223333:alarm:SuppressionDemo.Main',
    scope: {},
  },
  'eventbridge-metric-alarm': {
    name: 'ServerCpuTooHigh',
    arn: 'arn:aws:cloudwatch:us-east-1:123456789012:alarm:ServerCpuTooHigh',
    scope: { instanceId: 'i-12345678901234567' },
  },
  'eventbridge-alarm-contributor': {
    name: 'DynamoDBInsightsAlarm',
    arn: 'arn:aws:cloudwatch:us-east-1:123456789012:alarm:DynamoDBInsightsAlarm',
    scope: {},
  },
  'sns-alarm-single-metric': {
    name: 'EXAMPLE',
    arn: 'arn:aws:cloudwatch:REGION:ACCOUNT_NUMBER:alarm:EXAMPLE',
    scope: { instanceId: 'TestInstance' },
  },
};

describe('alarms as AWS publishes them', () => {
  test('every payload is expected here', () => {
    const names = publishedEvents().map(([name]) => name);
    expect(names.sort()).toEqual(Object.keys(PUBLISHED).sort());
  });

  test.each(publishedEvents())('%s', (name, event) => {
    expect(parseTrigger(event)).toEqual({ kind: 'alarm', state: 'ALARM', ...PUBLISHED[name] });
  });
});

type Labels = Record<string, string>;
interface Parts {
  dimensions?: Labels;
  attributes?: Labels;
  tags?: unknown;
  state?: string;
}

const metric = (dimensions: Labels) => ({
  id: 'm1',
  metricStat: { metric: { namespace: 'Podthaw', name: 'StuckPods', dimensions }, period: 60 },
});

const body = ({ dimensions = {}, attributes, state = 'ALARM' }: Parts) => ({
  alarmName: 'stuck',
  state: { value: state, timestamp: '2026-11-24T03:00:00.000+0000' },
  configuration: { metrics: [metric(dimensions)] },
  ...(attributes && { alarmContributor: { id: 'c', attributes } }),
});

const WRAPPINGS: Record<string, (parts: Parts) => object> = {
  'Lambda action': (parts) => ({
    source: 'aws.cloudwatch',
    alarmArn: 'arn:alarm',
    alarmData: { ...body(parts), ...(parts.tags ? { alarmTags: parts.tags } : {}) },
  }),
  'Lambda action, tags outside': (parts) => ({
    alarmArn: 'arn:alarm',
    alarmData: body(parts),
    alarmTags: parts.tags,
  }),
  EventBridge: (parts) => ({
    'detail-type': parts.attributes
      ? 'CloudWatch Alarm Contributor State Change'
      : 'CloudWatch Alarm State Change',
    resources: ['arn:alarm'],
    detail: { ...body(parts), alarmTags: parts.tags },
  }),
};

const tags = { 'podthaw:cluster': 'from-tags', namespace: 'a-team', node: 'a-team' };

describe.each(Object.entries(WRAPPINGS))('which field decides: %s', (_, wrap) => {
  test.each<[string, Parts, Scope]>([
    [
      'dimensions before contributor and tags',
      { dimensions: { cluster: 'from-dimensions' }, attributes: { cluster: 'no' }, tags },
      { cluster: 'from-dimensions' },
    ],
    [
      'contributor before tags',
      { dimensions: { other: 'x' }, attributes: { ClusterName: 'from-contributor' }, tags },
      { cluster: 'from-contributor' },
    ],
    ['tags, and of them only the cluster', { tags }, { cluster: 'from-tags' }],
    ['tags as a list', { tags: [{ Key: 'cluster', Value: 'listed' }] }, { cluster: 'listed' }],
    ['nobody: the settings will', { tags: ['neither', 'map', 7] }, {}],
    ['an empty value says nothing', { dimensions: { cluster: '' } }, {}],
    [
      'a pod, as Container Insights names it',
      { dimensions: { ClusterName: 'prod', Namespace: 'shop', PodName: 'cart' } },
      { cluster: 'prod', namespace: 'shop', pod: 'cart' },
    ],
    [
      'a pod, as OpenTelemetry names it',
      { attributes: { 'k8s.cluster.name': 'prod', 'k8s.pod.name': 'cart-0' } },
      { cluster: 'prod', pod: 'cart-0' },
    ],
    [
      'a node',
      { attributes: { cluster: 'prod', node: 'ip-10-0-1-5.internal' } },
      { cluster: 'prod', node: 'ip-10-0-1-5.internal' },
    ],
    ['an instance', { dimensions: { InstanceId: 'i-1' } }, { instanceId: 'i-1' }],
  ])('%s', (_title, parts, scope) => {
    expect(parseTrigger(wrap(parts))).toEqual({
      kind: 'alarm',
      name: 'stuck',
      arn: 'arn:alarm',
      state: 'ALARM',
      scope,
    });
  });

  test.each(['ALARM', 'OK', 'INSUFFICIENT_DATA'])('state %s', (state) => {
    expect(parseTrigger(wrap({ state }))).toMatchObject({ kind: 'alarm', state });
  });
});

const sns = (message: unknown, count = 1) => ({
  Records: Array.from({ length: count }, () => ({
    EventSource: 'aws:sns',
    Sns: { Message: typeof message === 'string' ? message : JSON.stringify(message) },
  })),
});

describe('other shapes', () => {
  test('metric math: each metric of the expression may name the cluster', () => {
    const event = {
      alarmData: {
        ...body({}),
        configuration: {
          metrics: [
            { id: 'e', expression: 'm1 - m2', returnData: true },
            metric({ cluster: 'prod' }),
          ],
        },
      },
    };
    expect(parseTrigger(event)).toMatchObject({ kind: 'alarm', scope: { cluster: 'prod' } });
  });

  test('metric math in SNS', () => {
    const Metrics = [
      { Id: 'e', Expression: 'm1' },
      {
        Id: 'm1',
        MetricStat: { Metric: { Dimensions: [{ name: 'ClusterName', value: 'prod' }] } },
      },
    ];
    const alarm = { AlarmName: 'math', NewStateValue: 'ALARM', Trigger: { Metrics } };
    expect(parseTrigger(sns(alarm))).toEqual({
      kind: 'alarm',
      name: 'math',
      state: 'ALARM',
      scope: { cluster: 'prod' },
    });
  });

  test('a composite alarm in SNS has no Trigger', () => {
    const alarm = { AlarmName: 'both', NewStateValue: 'OK', AlarmRule: 'ALARM(a) AND ALARM(b)' };
    expect(parseTrigger(sns(alarm))).toMatchObject({ name: 'both', state: 'OK', scope: {} });
  });

  test('the schedule', () => {
    expect(parseTrigger({ 'detail-type': 'Scheduled Event', source: 'aws.events' })).toEqual({
      kind: 'schedule',
    });
  });

  test('missing reasons and unknown fields do not matter', () => {
    const event = { alarmData: { alarmName: 'a', state: { value: 'ALARM' }, new: {} }, later: 1 };
    expect(parseTrigger(event)).toMatchObject({ name: 'a', scope: {} });
  });

  test('an alarm never asks for a run without the API, whatever stands beside it', () => {
    const request = { instanceIds: ['i-0123456789abcdef0'], withoutApi: true, action: 'thaw' };
    const alarm = { ...WRAPPINGS['Lambda action']?.({}), ...request };
    expect(parseTrigger(alarm)).not.toHaveProperty('request');
    expect(parseTrigger({ ...alarm, alarmData: { ...body({}), ...request } })).toMatchObject({
      kind: 'alarm',
      scope: {},
    });
  });
});

describe('events that make no sense are told what was wrong', () => {
  test.each<[unknown, string]>([
    [undefined, 'an event must be a JSON object, got nothing'],
    [null, 'got null'],
    ['1234', 'got "1234"'],
    [1234, 'got 1234'],
    [[], 'got []'],
    [{ pid: 1234 }, 'pid'],
    [{ target: '/etc/passwd' }, 'target'],
    [{ alarmData: {} }, 'alarmData.alarmName'],
    [{ alarmData: { alarmName: 'a', state: { value: 'PANIC' } } }, 'alarmData.state.value'],
    [{ 'detail-type': 'EC2 Instance State-change Notification' }, 'got'],
    [{ 'detail-type': 'CloudWatch Alarm State Change' }, 'detail'],
    [{ Records: [] }, 'Records'],
    [sns('not JSON'), 'expected an alarm as JSON in a string'],
    [sns({ AlarmName: 'a', NewStateValue: 'ALARM' }, 2), 'one SNS record'],
    [{ Records: [{ eventSource: 'aws:s3', s3: {} }] }, 'Records.0.Sns'],
  ])('%j', (event, words) => {
    const wrong = () => parseTrigger(event);
    expect(wrong).toThrow(TriggerError);
    if (words !== 'got') expect(wrong).toThrow(words);
  });
});

/** Junk that looks like the real thing: the known keys, with anything behind them. */
const keys = ['alarmData', 'Records', 'detail-type', 'detail', 'action', 'pods', 'alarmName'];
const lookalike = fc.dictionary(
  fc.oneof(fc.constantFrom(...keys), fc.string()),
  fc.oneof(
    fc.anything({ withBigInt: true, withNullPrototype: true }),
    fc.constantFrom('Scheduled Event', 'CloudWatch Alarm State Change', 'thaw'),
    fc.record({ alarmName: fc.anything(), state: fc.anything(), configuration: fc.anything() }),
    fc.array(fc.record({ Sns: fc.record({ Message: fc.oneof(fc.json(), fc.string()) }) })),
  ),
);

/** Reads, or refuses in the one way there is. */
function readOrRefuse(event: unknown): Trigger | undefined {
  try {
    return parseTrigger(event);
  } catch (error) {
    expect(error).toBeInstanceOf(TriggerError);
    return undefined;
  }
}

describe('generated junk', () => {
  test('throws nothing but TriggerError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything({ withBigInt: true }), lookalike), (event) => {
        readOrRefuse(event);
      }),
      { numRuns: 2_000 },
    );
  });

  test('that is JSON never asks for a thaw', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (event) => {
        expect(readOrRefuse(event) ?? {}).not.toMatchObject({ request: { action: 'thaw' } });
      }),
      { numRuns: 1_000 },
    );
  });
});

test('a request for a sweep without the API, hidden anywhere in an alarm, asks for nothing', () => {
  const kinds = new Map<string, number>();
  fc.assert(
    fc.property(disguisedRequest, (event) => {
      const trigger = readOrRefuse(event);
      expect(trigger?.kind).not.toBe('manual');
      const kind = trigger === undefined ? 'refused' : 'alarm or schedule';
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }),
    { numRuns: 1_500 },
  );
  // Most are still read as what they are: the request within is not what makes them refused.
  expect(kinds.get('alarm or schedule') ?? 0).toBeGreaterThan(kinds.get('refused') ?? 0);
});
