/** The construct: everything that podthaw puts into an account, wired along the way of the data. */
import { Duration, Stack } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import {
  functionSettings,
  parseSettings,
  type Settings,
  type SettingsInput,
} from '../lambda/domain/settings.ts';
import { alarmAction, stuckPodsAlarm } from './alarm.ts';
import { allowPodListing } from './cluster-access.ts';
import { freezerDocument } from './document.ts';
import { PodthawFunction } from './functions.ts';
import { allowClaims, allowClusterLookup, allowCommands, allowPublish } from './permissions.ts';
import { claimsTable } from './table.ts';
import { notificationTopic } from './topic.ts';

export interface PodthawProps {
  /** As in podthaw.json. */
  readonly settings: SettingsInput;
}

export class Podthaw extends Construct {
  constructor(scope: Construct, id: string, props: PodthawProps) {
    super(scope, id);
    const settings = parseSettings(props.settings);
    const { clusters } = settings;
    const key = this.key(settings);
    const document = freezerDocument(this);
    const topic = notificationTopic(this, key);
    const table = claimsTable(this, key);
    const json = Stack.of(this).toJsonString({
      ...functionSettings(settings),
      resources: {
        documentName: document.ref,
        topicArn: topic.topicArn,
        claimsTable: table.tableName,
        ...(settings.slackSecretId && { slackSecretId: settings.slackSecretId }),
      },
    });
    const shared = { settings: json, logRetention: settings.logRetentionDays };

    const detect = new PodthawFunction(this, 'Detect', {
      ...shared,
      handler: 'detect',
      description: 'lists pods and counts the stuck',
      memorySize: 256,
      timeout: Duration.minutes(2),
    });
    const remediate = new PodthawFunction(this, 'Remediate', {
      ...shared,
      handler: 'remediate',
      description: 'thaws what the deletion of stuck pods waits for',
      memorySize: 512,
      timeout: Duration.minutes(15),
    });
    for (const to of [detect, remediate]) {
      allowClusterLookup(to, clusters);
      for (const cluster of clusters) allowPodListing(to, cluster);
    }
    allowCommands(remediate, document, clusters);
    allowClaims(remediate, table);
    allowPublish(remediate, topic);

    const alias = remediate.live();
    const action = alarmAction(alias);
    for (const cluster of clusters) stuckPodsAlarm(this, cluster, action);

    new Rule(this, 'DetectEvery', {
      schedule: Schedule.rate(Duration.minutes(settings.detectEveryMinutes)),
      targets: [new LambdaFunction(detect.function)],
    });
    new Rule(this, 'SweepEvery', {
      schedule: Schedule.rate(Duration.minutes(settings.sweepEveryMinutes)),
      targets: [new LambdaFunction(alias)],
    });

    const slack = new PodthawFunction(this, 'NotifySlack', {
      ...shared,
      handler: 'notify-slack',
      description: 'posts notifications to Slack',
      memorySize: 256,
      timeout: Duration.minutes(2),
    });
    topic.addSubscription(
      new LambdaSubscription(slack.function, { deadLetterQueue: slack.failures }),
    );
    if (settings.slackSecretId) {
      Secret.fromSecretNameV2(this, 'Webhook', settings.slackSecretId).grantRead(slack.role);
    }
  }

  private key({ kmsKeyArn }: Settings): IKey | undefined {
    return kmsKeyArn === undefined ? undefined : Key.fromKeyArn(this, 'Key', kmsKeyArn);
  }
}
