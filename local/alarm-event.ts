/** A CloudWatch alarm's Lambda action, as AWS sends it when stuck pods were counted. */

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html */
export function stuckPodsAlarm(cluster: string, at: Date): object {
  const timestamp = at.toISOString().replace('Z', '+0000');
  const name = `podthaw-stuck-pods-${cluster}`;
  return {
    source: 'aws.cloudwatch',
    alarmArn: `arn:aws:cloudwatch:eu-central-1:111122223333:alarm:${name}`,
    accountId: '111122223333',
    time: timestamp,
    region: 'eu-central-1',
    alarmData: {
      alarmName: name,
      state: {
        value: 'ALARM',
        reason: 'Threshold Crossed: 1 datapoint [1.0] was greater than the threshold (0.0).',
        timestamp,
      },
      previousState: { value: 'OK', timestamp },
      configuration: {
        metrics: [
          {
            id: 'm1',
            metricStat: {
              metric: { namespace: 'Podthaw', name: 'StuckPods', dimensions: { cluster } },
              period: 60,
              stat: 'Maximum',
            },
            returnData: true,
          },
        ],
      },
    },
  };
}
