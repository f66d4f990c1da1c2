/** Who is told: e-mail, Slack through podthaw's own function, Slack through Amazon Q. */
import { ArnFormat, Duration, type Stack } from 'aws-cdk-lib';
import { SlackChannelConfiguration } from 'aws-cdk-lib/aws-chatbot';
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Settings } from '../lambda/domain/settings.ts';
import { failuresQueue } from './failures.ts';
import { PodthawFunction, type SharedProps } from './functions.ts';
import { subscribe } from './subscription.ts';

export interface Readers {
  readonly functions: PodthawFunction[];
  /** E-mails that were refused for good. */
  readonly undelivered: Queue;
}

export function createReaders(
  scope: Construct,
  topic: Topic,
  shared: SharedProps,
  { emails, amazonQ, slackSecretId }: Settings,
): Readers {
  const undelivered = failuresQueue(scope, 'Undelivered');
  tellByMail(topic, emails, undelivered);
  if (amazonQ) tellAmazonQ(scope, topic, amazonQ);
  if (slackSecretId === undefined) return { functions: [], undelivered };
  const notifySlack = new PodthawFunction(scope, 'NotifySlack', {
    ...shared,
    handler: 'notify-slack',
    description: 'posts notifications to Slack',
    memorySize: 256,
    timeout: Duration.minutes(2),
    keepLogs: false,
  });
  tellSlack(topic, notifySlack, slackSecretId, shared.encryptionKey);
  return { functions: [notifySlack], undelivered };
}

/** What a mail server refuses for good goes to `undelivered`. */
function tellByMail(topic: Topic, addresses: readonly string[], undelivered: Queue): void {
  for (const address of addresses) {
    topic.addSubscription(new EmailSubscription(address, { deadLetterQueue: undelivered }));
  }
}

/** The function reads the webhook's URL at run time: a bearer secret stands in no template. */
function tellSlack(
  topic: Topic,
  through: PodthawFunction,
  secretId: string,
  key: IKey | undefined,
): void {
  through.allow({
    actions: ['secretsmanager:GetSecretValue'],
    resources: [secretArn(topic.stack, secretId)],
  });
  // The secret may be under the same key.
  if (key) through.allow({ actions: ['kms:Decrypt'], resources: [key.keyArn] });
  subscribe(through, topic);
}

/** Secrets Manager appends six characters of its own to a name. */
function secretArn(stack: Stack, id: string): string {
  if (id.startsWith('arn:')) return id;
  const { COLON_RESOURCE_NAME: arnFormat } = ArnFormat;
  const resourceName = `${id}-??????`;
  return stack.formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName,
    arnFormat,
  });
}

/** A channel for reading only: its guardrail denies every command typed there. */
function tellAmazonQ(
  scope: Construct,
  topic: Topic,
  channel: NonNullable<Settings['amazonQ']>,
): void {
  new SlackChannelConfiguration(scope, 'AmazonQ', {
    ...channel,
    slackChannelConfigurationName: `${topic.stack.stackName}-notifications`,
    notificationTopics: [topic],
    guardrailPolicies: [ManagedPolicy.fromAwsManagedPolicyName('AWSDenyAll')],
  });
}
