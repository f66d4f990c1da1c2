/** The AWS SDK's own environment settings, pointed at the loopback endpoints. */
import type { DeployedSettings } from '../lambda/domain/settings.ts';
import type { Endpoint } from './endpoints/server.ts';

export interface SdkTargets {
  dynamodb: Endpoint;
  ssm: Endpoint;
  sns: Endpoint;
  ec2: Endpoint;
  eks: Endpoint;
  secrets: Endpoint;
}

export interface FunctionEnvironment {
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  settings: DeployedSettings;
}

/**
 * Sets what a Lambda finds in its environment. @returns a function that puts the old values back
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export function pointSdkAt(targets: SdkTargets, env: FunctionEnvironment): () => void {
  const values: Record<string, string> = {
    AWS_REGION: env.region,
    AWS_ACCESS_KEY_ID: env.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: env.credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: targets.dynamodb.url,
    AWS_ENDPOINT_URL_SSM: targets.ssm.url,
    AWS_ENDPOINT_URL_SNS: targets.sns.url,
    AWS_ENDPOINT_URL_EC2: targets.ec2.url,
    AWS_ENDPOINT_URL_EKS: targets.eks.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: targets.secrets.url,
    PODTHAW_SETTINGS: JSON.stringify(env.settings),
  };
  // A developer's own profile or session must never be used here.
  const absent = ['AWS_SESSION_TOKEN', 'AWS_PROFILE', 'AWS_ENDPOINT_URL'];
  const before = Object.fromEntries(
    [...Object.keys(values), ...absent].map((name) => [name, process.env[name]]),
  );
  for (const name of absent) delete process.env[name];
  Object.assign(process.env, values);
  return () => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}
