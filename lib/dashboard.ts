/** One dashboard: what is stuck, what became of it, how fast, and whether podthaw itself is well. */
import { Duration, Stack } from 'aws-cdk-lib';
import {
  Dashboard,
  GraphWidget,
  type IWidget,
  LogQueryWidget,
  MathExpression,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { PodthawFunction } from './functions.ts';
import { runsQuery } from './queries.ts';

/** Searches, not lists of metrics: a new cluster or outcome shows without a deployment. */
export function dashboard(
  scope: Construct,
  remediate: PodthawFunction,
  functions: readonly PodthawFunction[],
): Dashboard {
  const { stackName } = Stack.of(scope);
  const wide = { width: 12, height: 6 };
  return new Dashboard(scope, 'Dashboard', {
    dashboardName: stackName,
    defaultInterval: Duration.days(1),
    widgets: [
      [
        graph('Stuck pods', 'StuckPods', 'Maximum', ['cluster']),
        graph('Oldest, seconds past its deletion', 'OldestStuckSeconds', 'Maximum', ['cluster']),
      ],
      [
        graph('Outcomes', 'Outcomes', 'Sum', ['cluster', 'outcome'], { stacked: true }),
        graph('Seconds to gone', 'SecondsToGone', 'p90', ['cluster']),
      ],
      [
        graph('Pods on nodes out of reach', 'Outcomes', 'Sum', ['cluster', 'outcome'], {
          only: 'outcome="unreachable"',
        }),
        new GraphWidget({
          ...wide,
          title: 'podthaw itself',
          left: functions.map(({ name, function: f }) =>
            f.metricErrors({ label: `${name} errors` }),
          ),
          right: functions.map(({ name, failures }) =>
            failures.metricApproximateNumberOfMessagesVisible({ label: `${name} failures` }),
          ),
        }),
      ],
      [
        new LogQueryWidget({
          title: 'Last runs',
          width: 24,
          height: 6,
          logGroupNames: [remediate.logGroup.logGroupName],
          queryString: runsQuery.toString(),
        }),
      ],
      [
        new TextWidget({
          width: 24,
          height: 1,
          markdown: `No data under *Stuck pods* means that nobody looked: alarm **${stackName}-health-detector-silent-…**`,
        }),
      ],
    ] satisfies IWidget[][],
  });
}

function graph(
  title: string,
  metric: string,
  statistic: string,
  dimensions: string[],
  { only = '', stacked = false } = {},
): GraphWidget {
  const schema = ['Podthaw', ...dimensions].join(',');
  const expression = `SEARCH('{${schema}} MetricName="${metric}" ${only}', '${statistic}', 300)`;
  return new GraphWidget({
    title,
    stacked,
    width: 12,
    height: 6,
    left: [
      new MathExpression({ expression, label: '', usingMetrics: {}, period: Duration.minutes(5) }),
    ],
  });
}
