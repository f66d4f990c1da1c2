/** Secrets Manager: the Slack webhook's URL, read at run time and never logged. */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** The secret holds no webhook URL. The message never quotes what it does hold. */
class SecretUnusable extends Error {
  override name = 'SecretUnusable';
}

/** Reads the webhook's URL. @throws SecretUnusable, or the SDK's errors */
export async function readWebhookUrl(client: SecretsManagerClient, secretId: string): Promise<URL> {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
  const url = URL.parse((SecretString ?? '').trim());
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new SecretUnusable(
      `secret ${secretId} holds no URL: store the webhook's URL as plain text`,
    );
  }
  return url;
}
