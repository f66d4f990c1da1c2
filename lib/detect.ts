/** The detector: lists the clusters' pods on a schedule and emits the metrics. */
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Settings } from '../lambda/domain/settings.ts';
import { letIntoClusters } from './cluster-access.ts';
import { PodthawFunction, type SharedProps } from './functions.ts';
import { every } from './triggers.ts';

export function createDetect(
  scope: Construct,
  shared: SharedProps,
  settings: Settings,
): PodthawFunction {
  const detect = new PodthawFunction(scope, 'Detect', {
    ...shared,
    handler: 'detect',
    description: 'lists pods and counts the stuck',
    memorySize: 256,
    timeout: Duration.minutes(2),
    keepLogs: false,
  });
  letIntoClusters(detect, settings);
  every(scope, 'DetectEvery', settings.detectEveryMinutes, detect);
  return detect;
}
