/** Who is told: e-mail, Slack through podthaw's own function, Slack through Amazon Q. */
import { SlackChannelConfiguration } from 'aws-cdk-lib/aws-chatbot';
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription, LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { Settings } from '../lambda/domain/settings.ts';
import type { PodthawFunction } from './functions.ts';

export function tellByMail(topic: Topic, addresses: readonly string[]): void {
  for (const address of addresses) topic.addSubscription(new EmailSubscription(address));
}

/** The function reads the webhook's URL at run time: a bearer secret stands in no template. */
export function tellSlack(topic: Topic, through: PodthawFunction, secretId: string): void {
  const secret = secretId.startsWith('arn:')
    ? Secret.fromSecretCompleteArn(through, 'Webhook', secretId)
    : Secret.fromSecretNameV2(through, 'Webhook', secretId);
  secret.grantRead(through.role);
  topic.addSubscription(
    new LambdaSubscription(through.alias, { deadLetterQueue: through.failures }),
  );
}

/** A channel for reading only: its guardrail denies every command typed there. */
export function tellAmazonQ(
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
