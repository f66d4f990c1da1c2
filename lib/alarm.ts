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

/** Metric that the detector emits for a cluster. */
export function stuckPods(cluster: Cluster): Metric {
  return new Metric({
    namespace: 'Podthaw',
    metricName: 'StuckPods',
    dimensionsMap: { cluster: cluster.name },
    statistic: 'Maximum',
    period: Duration.minutes(1),
  });
}

/** In ALARM while a pod of the cluster is stuck; without data it knows nothing and says so. */
export function stuckPodsAlarm(scope: Construct, cluster: Cluster, action: IAlarmAction): Alarm {
  const alarm = new Alarm(scope, `StuckPods-${cluster.name}`, {
    alarmName: `${Stack.of(scope).stackName}-stuck-pods-${cluster.name}`,
    alarmDescription: `Pods of ${cluster.name} are past their deletion. podthaw looks at their freezers.`,
    metric: stuckPods(cluster),
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    threshold: 1,
    evaluationPeriods: 1,
    treatMissingData: TreatMissingData.MISSING,
  });
  alarm.addAlarmAction(action);
  return alarm;
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
