/** The alarm on stuck pods, and how an alarm reaches the function. */
import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { Cluster } from '../lambda/domain/settings.ts';

/** Metric that the detector emits for a cluster, once in so many minutes. */
export function stuckPods(cluster: Cluster, everyMinutes: number): Metric {
  return new Metric({
    namespace: 'Podthaw',
    metricName: 'StuckPods',
    dimensionsMap: { cluster: cluster.name },
    statistic: 'Maximum',
    period: Duration.minutes(everyMinutes),
  });
}

/**
 * In ALARM while a pod of the cluster is stuck. A round without data changes nothing: an alarm that
 * flaps starts runs. That nobody looks any more is for the detector's own alarm to say.
 */
export function stuckPodsAlarm(
  scope: Construct,
  cluster: Cluster,
  everyMinutes: number,
  action: IAlarmAction,
): void {
  const alarm = new Alarm(scope, `StuckPods-${cluster.name}`, {
    alarmName: `${Stack.of(scope).stackName}-stuck-pods-${cluster.name}`,
    alarmDescription: `Pods of ${cluster.name} are past their deletion. podthaw looks at their freezers.`,
    metric: stuckPods(cluster, everyMinutes),
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    threshold: 1,
    evaluationPeriods: 1,
    treatMissingData: TreatMissingData.IGNORE,
  });
  alarm.addAlarmAction(action);
}

/**
 * Lets any alarm of this account invoke the alias. The stock LambdaAction adds one permission per
 * alarm, and a function's policy is full at 20 KB.
 */
export function alarmAction(alias: IFunction): IAlarmAction {
  alias.addPermission('AlarmsOfThisAccount', {
    principal: new ServicePrincipal('lambda.alarms.cloudwatch.amazonaws.com'),
    sourceAccount: Stack.of(alias).account,
  });
  return { bind: () => ({ alarmActionArn: alias.functionArn }) };
}
