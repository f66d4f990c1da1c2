/** The Slack function, subscribed to the topic: one message for each notification. */
import { Logger } from '@aws-lambda-powertools/logger';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { readWebhookUrl } from './adapters/secrets.ts';
import { post, type SlackLimits } from './adapters/slack.ts';
import { clientConfig } from './client-config.ts';
import { readSettings } from './deployed-settings.ts';
import { parseTopicRecords } from './domain/topic-record.ts';

const logger = new Logger();

/** One container's handler: its AWS client is made at the first invocation, and kept. */
export function makeHandler(limits?: SlackLimits) {
  let secrets: SecretsManagerClient | undefined;
  return async (event: unknown): Promise<void> => {
    const { resources, runbookUrl } = readSettings(process.env);
    const { slackSecretId, dashboardName: dashboard } = resources;
    if (slackSecretId === undefined) throw new Error('podthaw.json names no Slack secret');
    const messages = parseTopicRecords(event, { now: new Date(), dashboard, runbookUrl });
    // Fewer attempts than elsewhere: most of the function's two minutes are Slack's.
    secrets ??= new SecretsManagerClient({ ...clientConfig, maxAttempts: 5 });
    const webhook = await readWebhookUrl(secrets, slackSecretId);
    for (const message of messages) {
      await post(webhook, message, limits);
      logger.info('told Slack', { text: message.text });
    }
  };
}

/** Throws where a message could not be delivered: the function's failure destination keeps it. */
export const handler = makeHandler();
