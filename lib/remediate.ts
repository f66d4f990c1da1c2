/** The function that acts: what it may do, and what starts it. */
import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import type { Settings } from '../lambda/domain/settings.ts';
import { letIntoClusters } from './cluster-access.ts';
import { PodthawFunction, type SharedProps } from './functions.ts';
import { allowClaims, allowCommands, allowKey, allowPublish } from './permissions.ts';
import { alarmsNamed, alarmTopics, every } from './triggers.ts';

export interface Tools {
  readonly document: CfnDocument;
  readonly table: Table;
  readonly topic: Topic;
}

export function createRemediate(
  scope: Construct,
  shared: SharedProps,
  settings: Settings,
  { document, table, topic }: Tools,
): PodthawFunction {
  const remediate = new PodthawFunction(scope, 'Remediate', {
    ...shared,
    handler: 'remediate',
    description: 'thaws what the deletion of stuck pods waits for',
    memorySize: 512,
    timeout: Duration.minutes(15),
    keepLogs: true,
  });
  letIntoClusters(remediate, settings);
  allowCommands(remediate, document, settings.clusters);
  allowClaims(remediate, table);
  allowPublish(remediate, topic);
  if (shared.encryptionKey) allowKey(remediate, shared.encryptionKey);

  every(scope, 'SweepEvery', settings.sweepEveryMinutes, remediate);
  alarmsNamed(scope, settings.alarmNamePrefixes, remediate);
  alarmTopics(scope, settings.alarmTopicArns, remediate);
  return remediate;
}
