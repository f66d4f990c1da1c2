import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { throttled } from '../../../local/endpoints/faults.ts';
import { type SecretsEndpoint, startSecrets } from '../../../local/endpoints/secrets.ts';
import { clientOptions } from './clients.ts';

let secrets: SecretsEndpoint;
let client: SecretsManagerClient;

beforeEach(async () => {
  secrets = await startSecrets([['podthaw/slack', 'https://example.com/hook']]);
  client = new SecretsManagerClient(clientOptions(secrets));
});
afterEach(() => secrets.close());

const secretOf = async (SecretId: string) =>
  (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString;

test('a secret is found by its name, its ARN and the ARN without its suffix', async () => {
  const value = 'https://example.com/hook';
  expect(await secretOf('podthaw/slack')).toBe(value);
  const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:podthaw/slack';
  expect(await secretOf(`${arn}-a1B2c3`)).toBe(value);
  expect(await secretOf(arn)).toBe(value);
});

test('a rotated secret is read anew', async () => {
  secrets.secrets.set('podthaw/slack', 'next');
  expect(await secretOf('podthaw/slack')).toBe('next');
});

test('an unknown secret is an error', async () => {
  await expect(secretOf('other')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('faults on purpose', async () => {
  secrets.faults.next('GetSecretValue', throttled());
  await expect(secretOf('podthaw/slack')).rejects.toMatchObject({ name: 'ThrottlingException' });
});
