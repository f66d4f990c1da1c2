/** Whether anybody is told: the topic's subscriptions, and the Slack webhook. */
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetTopicAttributesCommand, type SNSClient } from '@aws-sdk/client-sns';
import { request } from 'undici';
import { readWebhookUrl } from '../../lambda/adapters/secrets.ts';
import { type Finding, ill, unknown, well } from './finding.ts';

export async function checkTopic(client: SNSClient, topicArn: string): Promise<Finding[]> {
  const { Attributes = {} } = await client.send(
    new GetTopicAttributesCommand({ TopicArn: topicArn }),
  );
  const { SubscriptionsConfirmed = '0', SubscriptionsPending = '0' } = Attributes;
  const pending =
    SubscriptionsPending === '0'
      ? []
      : [
          ill(
            'topic',
            `${SubscriptionsPending} subscriptions wait for their confirmation`,
            "Follow the link in SNS's mail; it expires after two days, then deploy again.",
          ),
        ];
  if (SubscriptionsConfirmed === '0') {
    const remedy = 'Name emails, slackSecretId or amazonQ in podthaw.json, and deploy.';
    return [ill('topic', 'nobody is subscribed: messages reach no one', remedy), ...pending];
  }
  return [well('topic', `${SubscriptionsConfirmed} subscriptions are confirmed`), ...pending];
}

/** Slack tells a live webhook from a dead one by what it says to an empty message, which it never shows. */
export async function checkWebhook(
  client: SecretsManagerClient,
  secretId: string | undefined,
): Promise<Finding[]> {
  if (secretId === undefined) return [];
  const url = await readWebhookUrl(client, secretId);
  const { statusCode, body } = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
    signal: AbortSignal.timeout(10_000),
  });
  const said = (await body.text()).slice(0, 60);
  if (statusCode === 400 && /^(no_text|invalid_payload|missing_text)/.test(said)) {
    return [well('Slack', 'the webhook is alive')];
  }
  if (statusCode === 403 || statusCode === 404 || statusCode === 410) {
    const remedy = `Make a new incoming webhook and store its URL in the secret ${secretId}: docs/deploy.md.`;
    return [ill('Slack', `Slack does not know the webhook (${statusCode} ${said})`, remedy)];
  }
  return [
    unknown(
      'Slack',
      `an answer that is none of Slack's (${statusCode})`,
      'Look at the URL in the secret.',
    ),
  ];
}
