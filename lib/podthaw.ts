/** The construct: everything that podthaw puts into an account, wired along the way of the data. */
import { createHash } from 'node:crypto';
import { Stack, Tags } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { parseSettings, type Settings, type SettingsInput } from '../lambda/domain/settings.ts';
import { alarmAction, stuckPodsAlarm } from './alarm.ts';
import { dashboard } from './dashboard.ts';
import { createDetect } from './detect.ts';
import { freezerDocument } from './document.ts';
import { settingsJson } from './environment.ts';
import type { PodthawFunction, SharedProps } from './functions.ts';
import { watchHealth } from './health.ts';
import { letCloudWatchUse } from './key.ts';
import { savedQueries } from './queries.ts';
import { createReaders } from './readers.ts';
import { createRemediate } from './remediate.ts';
import { claimsTable } from './table.ts';
import { notificationTopic } from './topic.ts';

export interface PodthawProps {
  /** As in podthaw.json. */
  readonly settings: SettingsInput;
  /** A key made in the same app, in place of `settings.kmsKeyArn`: its policy is seen to. */
  readonly encryptionKey?: IKey;
}

export class Podthaw extends Construct {
  readonly document: CfnDocument;
  /** Every notification and every health alarm. */
  readonly topic: Topic;
  readonly table: Table;
  /** Lists pods, emits the metrics. */
  readonly detect: PodthawFunction;
  /** Acts. A person or an alarm invokes its `alias`. */
  readonly remediate: PodthawFunction;
  /** Makes an alarm start a run: `alarm.addAlarmAction(podthaw.alarmAction)`. */
  readonly alarmAction: IAlarmAction;

  /** @throws SettingsError where the settings do not fit */
  constructor(scope: Construct, id: string, props: PodthawProps) {
    super(scope, id);
    const settings = parseSettings(props.settings);
    const key = props.encryptionKey ?? importedKey(this, settings);
    if (key) letCloudWatchUse(key);

    this.document = freezerDocument(this);
    this.topic = notificationTopic(this, key);
    this.table = claimsTable(this, key);
    const shared = this.sharedProps(settings, key);
    this.detect = createDetect(this, shared, settings);
    const { document, table, topic } = this;
    this.remediate = createRemediate(this, shared, settings, { document, table, topic });
    const readers = createReaders(this, topic, shared, settings);

    this.alarmAction = alarmAction(this.remediate.alias);
    for (const cluster of settings.clusters) {
      stuckPodsAlarm(this, cluster, settings.detectEveryMinutes, this.alarmAction);
    }
    const functions = [this.detect, this.remediate, ...readers.functions];
    watchHealth(this, { functions, topic, undelivered: readers.undelivered, settings });
    dashboard(this, this.remediate, functions);
    savedQueries(this, this.detect, this.remediate, functions);
    tagAll(this, { app: 'podthaw', ...settings.tags });
  }

  private sharedProps(settings: Settings, encryptionKey: IKey | undefined): SharedProps {
    return {
      settings: settingsJson(this, settings, {
        documentName: this.document.ref,
        topicArn: this.topic.topicArn,
        claimsTable: this.table.tableName,
        dashboardName: Stack.of(this).stackName,
        ...(settings.slackSecretId && { slackSecretId: settings.slackSecretId }),
      }),
      fingerprint: createHash('sha256').update(JSON.stringify(this.document.content)).digest('hex'),
      logRetention: settings.logRetentionDays,
      encryptionKey,
    };
  }
}

function importedKey(scope: Construct, { kmsKeyArn }: Settings): IKey | undefined {
  return kmsKeyArn === undefined ? undefined : Key.fromKeyArn(scope, 'Key', kmsKeyArn);
}

function tagAll(scope: Construct, tags: Record<string, string>): void {
  for (const [key, value] of Object.entries(tags)) Tags.of(scope).add(key, value);
}
