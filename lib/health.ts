/** Alarms on podthaw itself: a dead detector, a failing function, a letter nobody could deliver. */
import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  type Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Cluster, Settings } from '../lambda/domain/settings.ts';
import { stuckPods } from './alarm.ts';
import type { PodthawFunction } from './functions.ts';

const period = Duration.minutes(5);

export interface Watched {
  readonly functions: readonly PodthawFunction[];
  readonly topic: Topic;
  readonly undelivered: Queue;
  readonly settings: Settings;
}

/** Slack alone would not hear that Slack fails: the settings see to a second reader. */
export function watchHealth(scope: Construct, watched: Watched): void {
  const { functions, topic, undelivered, settings } = watched;
  const others = settings.healthTopicArns.map((arn, at) =>
    Topic.fromTopicArn(scope, `HealthTopic${at}`, arn),
  );
  const readers = [topic, ...others].map((reader) => new SnsAction(reader));
  const health = new Health(scope, readers);
  for (const fn of functions) health.watchFunction(fn);
  health.watchTopic(topic);
  health.watchQueue('mail', undelivered);
  for (const cluster of settings.clusters) {
    health.watchDetector(cluster, settings.detectEveryMinutes);
  }
}

/** Every alarm tells all `readers`. */
class Health {
  private readonly scope: Construct;
  private readonly readers: readonly IAlarmAction[];

  constructor(scope: Construct, readers: readonly IAlarmAction[]) {
    this.scope = scope;
    this.readers = readers;
  }

  watchFunction(fn: PodthawFunction): void {
    const { name } = fn;
    const statistic = 'Sum';
    this.alarm(`${name}-errors`, fn.function.metricErrors({ period, statistic }), {
      alarmDescription: `podthaw: ${name} failed. Its log and its failures queue say at what.`,
    });
    this.alarm(`${name}-throttles`, fn.function.metricThrottles({ period, statistic }), {
      alarmDescription: `podthaw: ${name} was throttled: the account's Lambda concurrency is used up.`,
    });
    this.watchQueue(name, fn.failures);
  }

  watchQueue(name: string, queue: Queue): void {
    const waiting = queue.metricApproximateNumberOfMessagesVisible({
      period,
      statistic: 'Maximum',
    });
    this.alarm(`${name}-failures`, waiting, {
      alarmDescription: `podthaw: what ${name} could not take, do or deliver waits in ${queue.queueName}.`,
    });
  }

  /** An e-mail that bounces, a subscription that is gone, a function that SNS may not invoke. */
  watchTopic(topic: Topic): void {
    const failed = topic.metricNumberOfNotificationsFailed({ period, statistic: 'Sum' });
    this.alarm('notifications-failed', failed, {
      alarmDescription: 'podthaw: a reader of its topic could not be told.',
    });
  }

  /**
   * The detector emits nothing after an incomplete listing, so silence means that nobody looks.
   * Three missed rounds, at least a quarter of an hour. The others tell of no end: a new alarm's
   * first state is a change to OK, and a deployment would send a dozen of those.
   */
  watchDetector(cluster: Cluster, everyMinutes: number): void {
    const minutes = Math.max(5, everyMinutes);
    const rounds = stuckPods(cluster, minutes).with({ statistic: 'SampleCount' });
    const silent = this.alarm(`detector-silent-${cluster.name}`, rounds, {
      alarmDescription: `podthaw: no word on stuck pods of ${cluster.name}: its detector is dead or denied.`,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.BREACHING,
    });
    silent.addOkAction(...this.readers);
  }

  private alarm(name: string, metric: Metric, options: AlarmOptions): Alarm {
    const alarm = new Alarm(this.scope, `Health-${name}`, {
      alarmName: `${Stack.of(this.scope).stackName}-health-${name}`,
      metric,
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...options,
    });
    alarm.addAlarmAction(...this.readers);
    return alarm;
  }
}

interface AlarmOptions {
  alarmDescription: string;
  comparisonOperator?: ComparisonOperator;
  evaluationPeriods?: number;
  treatMissingData?: TreatMissingData;
}
