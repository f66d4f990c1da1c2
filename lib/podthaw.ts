/** The construct: everything that podthaw puts into an account, wired along the way of the data. */
import { createHash } from 'node:crypto';
import { Duration, Tags } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { parseSettings, type Settings, type SettingsInput } from '../lambda/domain/settings.ts';
import { alarmAction, stuckPodsAlarm } from './alarm.ts';
import { allowPodListing } from './cluster-access.ts';
import { dashboard } from './dashboard.ts';
import { freezerDocument } from './document.ts';
import { settingsJson } from './environment.ts';
import { failuresQueue } from './failures.ts';
import { PodthawFunction, type SharedProps } from './functions.ts';
import { Health } from './health.ts';
import { letCloudWatchUse } from './key.ts';
import { placeInVpc } from './network.ts';
import {
  allowClaims,
  allowClusterLookup,
  allowCommands,
  allowKey,
  allowPublish,
} from './permissions.ts';
import { savedQueries } from './queries.ts';
import { tellAmazonQ, tellByMail, tellSlack } from './readers.ts';
import { claimsTable } from './table.ts';
import { notificationTopic } from './topic.ts';
import { alarmsNamed, alarmTopics, every } from './triggers.ts';

export interface PodthawProps {
  /** As in podthaw.json. */
  readonly settings: SettingsInput;
  /** A key made in the same app, in place of `settings.kmsKeyArn`: its policy is seen to. */
  readonly encryptionKey?: IKey;
}

export class Podthaw extends Construct {
  /** Every notification and every health alarm. */
  readonly topic: Topic;
  /** E-mails that were refused for good. */
  readonly undelivered: Queue;
  /** Lists pods, emits the metrics. */
  readonly detect: PodthawFunction;
  /** Any alarm of the account may have `remediate.alias` as its action; so may a person. */
  readonly remediate: PodthawFunction;
  readonly notifySlack: PodthawFunction | undefined;
  readonly table: Table;
  readonly document: CfnDocument;
  /** Makes an alarm start a run: `alarm.addAlarmAction(podthaw.alarmAction)`. */
  readonly alarmAction: IAlarmAction;

  constructor(scope: Construct, id: string, props: PodthawProps) {
    super(scope, id);
    const settings = parseSettings(props.settings);
    const key = props.encryptionKey ?? this.importedKey(settings);
    if (key) letCloudWatchUse(key);

    this.document = freezerDocument(this);
    this.topic = notificationTopic(this, key);
    this.undelivered = failuresQueue(this, 'Undelivered');
    this.table = claimsTable(this, key);
    const shared = this.sharedProps(settings, key);
    this.detect = this.createDetect(shared, settings);
    this.remediate = this.createRemediate(shared, settings);
    this.notifySlack = this.createReaders(shared, settings);

    this.alarmAction = alarmAction(this.remediate.alias);
    this.createTriggers(settings);
    this.watch(settings);
    this.tag(settings);
  }

  private importedKey({ kmsKeyArn }: Settings): IKey | undefined {
    return kmsKeyArn === undefined ? undefined : Key.fromKeyArn(this, 'Key', kmsKeyArn);
  }

  private sharedProps(settings: Settings, encryptionKey: IKey | undefined): SharedProps {
    return {
      settings: settingsJson(this, settings, {
        documentName: this.document.ref,
        topicArn: this.topic.topicArn,
        claimsTable: this.table.tableName,
        ...(settings.slackSecretId && { slackSecretId: settings.slackSecretId }),
      }),
      fingerprint: createHash('sha256').update(JSON.stringify(this.document.content)).digest('hex'),
      logRetention: settings.logRetentionDays,
      encryptionKey,
    };
  }

  private createDetect(shared: SharedProps, settings: Settings): PodthawFunction {
    const detect = new PodthawFunction(this, 'Detect', {
      ...shared,
      handler: 'detect',
      description: 'lists pods and counts the stuck',
      memorySize: 256,
      timeout: Duration.minutes(2),
      keepLogs: false,
    });
    this.letIntoClusters(detect, settings);
    every(this, 'DetectEvery', settings.detectEveryMinutes, detect);
    return detect;
  }

  private createRemediate(shared: SharedProps, settings: Settings): PodthawFunction {
    const remediate = new PodthawFunction(this, 'Remediate', {
      ...shared,
      handler: 'remediate',
      description: 'thaws what the deletion of stuck pods waits for',
      memorySize: 512,
      timeout: Duration.minutes(15),
      keepLogs: true,
    });
    this.letIntoClusters(remediate, settings);
    allowCommands(remediate, this.document, settings.clusters);
    allowClaims(remediate, this.table);
    allowPublish(remediate, this.topic);
    if (shared.encryptionKey) allowKey(remediate, shared.encryptionKey);
    return remediate;
  }

  private letIntoClusters(to: PodthawFunction, { clusters, vpc }: Settings): void {
    allowClusterLookup(to, clusters);
    for (const cluster of clusters) allowPodListing(to, cluster);
    if (vpc) placeInVpc(to, vpc);
  }

  private createReaders(shared: SharedProps, settings: Settings): PodthawFunction | undefined {
    tellByMail(this.topic, settings.emails, this.undelivered);
    if (settings.amazonQ) tellAmazonQ(this, this.topic, settings.amazonQ);
    if (settings.slackSecretId === undefined) return undefined;
    const notifySlack = new PodthawFunction(this, 'NotifySlack', {
      ...shared,
      handler: 'notify-slack',
      description: 'posts notifications to Slack',
      memorySize: 256,
      timeout: Duration.minutes(2),
      keepLogs: false,
    });
    tellSlack(this.topic, notifySlack, settings.slackSecretId, shared.encryptionKey);
    return notifySlack;
  }

  private createTriggers(settings: Settings): void {
    for (const cluster of settings.clusters) stuckPodsAlarm(this, cluster, this.alarmAction);
    every(this, 'SweepEvery', settings.sweepEveryMinutes, this.remediate);
    if (settings.alarmNamePrefixes.length > 0) {
      alarmsNamed(this, settings.alarmNamePrefixes, this.remediate);
    }
    alarmTopics(this, settings.alarmTopicArns, this.remediate);
  }

  private watch(settings: Settings): void {
    const others = settings.healthTopicArns.map((arn, at) =>
      Topic.fromTopicArn(this, `HealthTopic${at}`, arn),
    );
    const health = new Health(
      this,
      [this.topic, ...others].map((topic) => new SnsAction(topic)),
    );
    for (const fn of this.functions()) health.watchFunction(fn);
    health.watchTopic(this.topic);
    health.watchQueue('Mail', this.undelivered);
    for (const cluster of settings.clusters) {
      health.watchDetector(cluster, settings.detectEveryMinutes);
    }
    dashboard(this, this.remediate, this.functions());
    savedQueries(this, this.detect, this.remediate, this.functions());
  }

  private functions(): PodthawFunction[] {
    return [this.detect, this.remediate, ...(this.notifySlack ? [this.notifySlack] : [])];
  }

  private tag(settings: Settings): void {
    const tags = { app: 'podthaw', ...settings.tags };
    for (const [key, value] of Object.entries(tags)) Tags.of(this).add(key, value);
  }
}
