/** What starts a run beside podthaw's own alarms: the schedule, and alarms that exist already. */
import { Duration } from 'aws-cdk-lib';
import { Match, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { PodthawFunction } from './functions.ts';
import { subscribe } from './subscription.ts';

/** An invocation that cannot be delivered within five minutes is superseded by the next. */
function target(to: PodthawFunction): LambdaFunction {
  return new LambdaFunction(to.alias, {
    deadLetterQueue: to.failures,
    maxEventAge: Duration.minutes(5),
    retryAttempts: 2,
  });
}

export function every(scope: Construct, id: string, minutes: number, to: PodthawFunction): void {
  new Rule(scope, id, {
    description: `podthaw: ${to.name}, every ${minutes} min`,
    schedule: Schedule.rate(Duration.minutes(minutes)),
    targets: [target(to)],
  });
}

/** Alarms whose names begin so, as they go into ALARM; no change to the alarms is needed. */
export function alarmsNamed(
  scope: Construct,
  prefixes: readonly string[],
  to: PodthawFunction,
): void {
  if (prefixes.length === 0) return;
  new Rule(scope, 'AlarmsNamed', {
    description: 'podthaw: alarms that exist already',
    eventPattern: {
      source: ['aws.cloudwatch'],
      detailType: ['CloudWatch Alarm State Change', 'CloudWatch Alarm Contributor State Change'],
      detail: { alarmName: prefixes.flatMap((p) => Match.prefix(p)), state: { value: ['ALARM'] } },
    },
    targets: [target(to)],
  });
}

/** Topics that carry alarms already. What the message is about, the function decides. */
export function alarmTopics(scope: Construct, arns: readonly string[], to: PodthawFunction): void {
  arns.forEach((arn, at) => {
    subscribe(to, Topic.fromTopicArn(scope, `AlarmTopic${at}`, arn));
  });
}
