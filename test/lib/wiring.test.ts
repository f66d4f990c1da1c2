import { describe, expect, test } from 'vitest';
import { clusters, everything, templateOf } from './deployment.ts';
import { flat, ofType, type Resource, refersTo, resourcesOf } from './template.ts';

const all = resourcesOf(templateOf(everything).toJSON());
const single = resourcesOf(templateOf(clusters.one).toJSON());
const named = (name: RegExp) => all.filter((r) => name.test(String(r.Properties.AlarmName)));
const idOf = (type: string, id: RegExp) => {
  const [found, ...more] = ofType(all, type).filter((r) => id.test(r.id));
  if (!found || more.length > 0) throw new Error(`${more.length + 1} of ${type} ${id}`);
  return found.id;
};
const live = idOf('AWS::Lambda::Alias', /Remediate/);
const topic = idOf('AWS::SNS::Topic', /Topic/);

describe('alarms', () => {
  test('each cluster has one on its own stuck pods, and it invokes the live alias', () => {
    expect(
      named(/stuck-pods/).map(({ Properties: p }) => [
        p.AlarmName,
        p.Namespace,
        p.MetricName,
        p.Dimensions,
        refersTo(p.AlarmActions),
      ]),
    ).toEqual(
      ['prod', 'stage', 'lab_2'].map((name) => [
        `podthaw-stuck-pods-${name}`,
        'Podthaw',
        'StuckPods',
        [{ Name: 'cluster', Value: name }],
        [live],
      ]),
    );
  });

  test('an alarm looks as often as the detector, and does not flap over a round without data', () => {
    const slow = resourcesOf(templateOf({ ...clusters.one, detectEveryMinutes: 5 }).toJSON());
    const [alarm] = slow.filter((r) => /stuck-pods/.test(String(r.Properties.AlarmName)));
    expect(alarm?.Properties).toMatchObject({
      Period: 300,
      EvaluationPeriods: 1,
      Statistic: 'Maximum',
      TreatMissingData: 'ignore',
    });
  });

  test('one permission lets every alarm of the account in, however many there are', () => {
    for (const resources of [all, single]) {
      const permissions = ofType(resources, 'AWS::Lambda::Permission').filter(
        (r) => r.Properties.Principal === 'lambda.alarms.cloudwatch.amazonaws.com',
      );
      expect(permissions.map((r) => r.Properties)).toEqual([
        {
          Action: 'lambda:InvokeFunction',
          FunctionName: { Ref: expect.stringContaining('RemediateFunctionAliaslive') },
          Principal: 'lambda.alarms.cloudwatch.amazonaws.com',
          SourceAccount: { Ref: 'AWS::AccountId' },
        },
      ]);
    }
  });

  test('a detector that is silent is told of: no data is bad news', () => {
    const silent = named(/detector-silent/).map((r) => r.Properties);
    expect(silent.map((p) => p.Dimensions)).toEqual(
      ['prod', 'stage', 'lab_2'].map((Value) => [{ Name: 'cluster', Value }]),
    );
    for (const p of silent) {
      expect(p).toMatchObject({
        MetricName: 'StuckPods',
        Statistic: 'SampleCount',
        ComparisonOperator: 'LessThanThreshold',
        TreatMissingData: 'breaching',
      });
    }
  });

  test('health alarms go to the topic and to the other readers; an end of silence too', () => {
    const health = named(/-health-/);
    expect(health.length).toBeGreaterThan(10);
    for (const { Properties: p } of health) {
      expect(refersTo(p.AlarmActions)).toEqual([topic]);
      expect(p.AlarmActions).toContain('arn:aws:sns:eu-west-1:444455556666:pager');
      const over = /detector-silent/.test(String(p.AlarmName)) ? p.AlarmActions : undefined;
      expect(p.OKActions).toEqual(over);
    }
  });
});

describe('failures', () => {
  const queues = ofType(all, 'AWS::SQS::Queue').map((r) => r.id);

  test('each function has errors and throttles watched', () => {
    for (const { id } of ofType(all, 'AWS::Lambda::Function')) {
      const watched = ofType(all, 'AWS::CloudWatch::Alarm')
        .filter((r) => refersTo(r.Properties.Dimensions).includes(id))
        .map((r) => r.Properties.MetricName);
      expect(watched, id).toEqual(expect.arrayContaining(['Errors', 'Throttles']));
    }
  });

  test('each alias is invoked once and leaves what failed in a queue', () => {
    const configs = ofType(all, 'AWS::Lambda::EventInvokeConfig').map((r) => r.Properties);
    expect(configs.length).toBe(ofType(all, 'AWS::Lambda::Alias').length);
    for (const config of configs) {
      expect(config.MaximumRetryAttempts).toBe(0);
      expect(refersTo(config.DestinationConfig)).toEqual([expect.toBeOneOf(queues)]);
    }
  });

  test('each rule and each subscription leaves what cannot be delivered in a queue', () => {
    const targets = ofType(all, 'AWS::Events::Rule').flatMap(
      (r) => r.Properties.Targets as { DeadLetterConfig?: unknown }[],
    );
    const letters = [
      ...targets.map((target) => target.DeadLetterConfig),
      ...ofType(all, 'AWS::SNS::Subscription').map((r) => r.Properties.RedrivePolicy),
    ];
    expect(letters).toHaveLength(3 + 4);
    for (const letter of letters) expect(refersTo(letter)).toEqual([expect.toBeOneOf(queues)]);
  });

  test('each queue is watched', () => {
    const watched = named(/-health-.*-failures$/).flatMap((r) => refersTo(r.Properties.Dimensions));
    expect(watched.toSorted()).toEqual(queues.toSorted());
  });

  test('readers that cannot be told are watched', () => {
    expect(named(/notifications-failed/).flatMap((r) => refersTo(r.Properties.Dimensions))).toEqual(
      [topic],
    );
  });
});

describe('triggers', () => {
  const rules = ofType(all, 'AWS::Events::Rule');
  const rule = (id: RegExp) => rules.find((r) => id.test(r.id))?.Properties ?? {};
  const target = (p: Resource['Properties']) => refersTo(p.Targets)[0];

  test('the detector looks every minute, the handler every five', () => {
    const detect = idOf('AWS::Lambda::Alias', /Detect/);
    expect(rule(/DetectEvery/).ScheduleExpression).toBe('rate(1 minute)');
    expect(target(rule(/DetectEvery/))).toBe(detect);
    expect(rule(/SweepEvery/).ScheduleExpression).toBe('rate(5 minutes)');
    expect(target(rule(/SweepEvery/))).toBe(live);
  });

  test('alarms that exist already start a run as they go up', () => {
    expect(rule(/AlarmsNamed/).EventPattern).toEqual({
      source: ['aws.cloudwatch'],
      'detail-type': ['CloudWatch Alarm State Change', 'CloudWatch Alarm Contributor State Change'],
      detail: {
        alarmName: [{ prefix: 'eks-' }, { prefix: 'kube/' }],
        state: { value: ['ALARM'] },
      },
    });
    expect(target(rule(/AlarmsNamed/))).toBe(live);
  });

  test('so do topics that carry alarms', () => {
    const subscribed = ofType(all, 'AWS::SNS::Subscription')
      .filter((r) => refersTo(r.Properties.Endpoint).includes(live))
      .map((r) => r.Properties.TopicArn);
    expect(subscribed).toEqual([
      'arn:aws:sns:eu-west-1:444455556666:ops-alarms',
      'arn:aws:sns:eu-west-1:444455556666:team-alarms',
    ]);
  });

  test("podthaw's own topic never starts a run", () => {
    const own = ofType(all, 'AWS::SNS::Subscription').filter((r) =>
      refersTo(r.Properties.TopicArn).includes(topic),
    );
    expect(own.flatMap((r) => refersTo(r.Properties.Endpoint))).not.toContain(live);
  });

  test('nothing is listened to that was not asked for', () => {
    expect(ofType(single, 'AWS::Events::Rule')).toHaveLength(2);
    expect(ofType(single, 'AWS::SNS::Subscription')).toHaveLength(0);
  });
});

describe('readers', () => {
  test('e-mail, Slack and Amazon Q are told by the topic', () => {
    const protocols = ofType(all, 'AWS::SNS::Subscription')
      .filter((r) => refersTo(r.Properties.TopicArn).includes(topic))
      .map((r) => [r.Properties.Protocol, flat(r.Properties.Endpoint)]);
    expect(protocols).toEqual(
      expect.arrayContaining([
        ['email', 'oncall@example.com'],
        ['lambda', idOf('AWS::Lambda::Alias', /NotifySlack/)],
      ]),
    );
    const [channel] = ofType(all, 'AWS::Chatbot::SlackChannelConfiguration');
    expect(refersTo(channel?.Properties.SnsTopicArns)).toEqual([topic]);
  });

  test('a channel can give no orders', () => {
    const [channel] = ofType(all, 'AWS::Chatbot::SlackChannelConfiguration');
    const policies = channel?.Properties.GuardrailPolicies as unknown[];
    expect(policies.map(flat)).toEqual([expect.stringMatching(/:policy\/AWSDenyAll$/)]);
  });

  test('without Slack there is no function for it', () => {
    expect(ofType(single, 'AWS::Lambda::Function')).toHaveLength(2);
  });
});
