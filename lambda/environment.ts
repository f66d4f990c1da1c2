/** What a function finds around it: its settings, its clients, its time. */
import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { EKSClient } from '@aws-sdk/client-eks';
import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Context } from 'aws-lambda';
import type { ClaimsTable } from './adapters/dynamodb.ts';
import { type SsmClients, ThrottleOnlyRetry } from './adapters/ssm.ts';
import { clientConfig } from './client-config.ts';
import { readSettings } from './deployed-settings.ts';
import { type DeployedSettings, SettingsError } from './domain/settings.ts';

export interface Environment {
  settings: DeployedSettings;
  region: string;
  /** Of the function itself, for links. */
  logGroup?: string | undefined;
  /** The invocation's request id: the same for a retried delivery of one event. */
  runId: string;
  deadline: Date;
  clients: Clients;
  claims: ClaimsTable;
}

export interface Clients {
  dynamodb: DynamoDBClient;
  ec2: EC2Client;
  eks: EKSClient;
  sns: SNSClient;
  ssm: SsmClients;
}

/** Left of the function's time for judging and telling. */
const RESERVE_MS = 10_000;

/** SSM's sending client never sends a command again that may have been taken. */
export const makeClients = (): Clients => ({
  dynamodb: new DynamoDBClient(clientConfig),
  ec2: new EC2Client(clientConfig),
  eks: new EKSClient(clientConfig),
  sns: new SNSClient(clientConfig),
  ssm: {
    reading: new SSMClient({ ...clientConfig, maxAttempts: 10 }),
    sending: new SSMClient({ ...clientConfig, retryStrategy: new ThrottleOnlyRetry(10) }),
  },
});

/** @throws SettingsError where PODTHAW_SETTINGS does not fit */
export function environmentFrom(
  env: Readonly<Record<string, string | undefined>>,
  context: Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>,
  clients: Clients,
): Environment {
  const settings = readSettings(env);
  const { claimsTable } = settings.resources;
  if (claimsTable === undefined) {
    throw new SettingsError('PODTHAW_SETTINGS: resources.claimsTable: got nothing');
  }
  return {
    settings,
    region: env.AWS_REGION ?? 'us-east-1',
    logGroup: env.AWS_LAMBDA_LOG_GROUP_NAME,
    runId: context.awsRequestId,
    deadline: new Date(Date.now() + context.getRemainingTimeInMillis() - RESERVE_MS),
    clients,
    claims: {
      client: clients.dynamodb,
      name: claimsTable,
      claimant: { runId: context.awsRequestId, invocation: randomUUID() },
    },
  };
}
