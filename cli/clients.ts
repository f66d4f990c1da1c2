/** AWS clients with the user's own profile, as the AWS CLI would find it. */
import { LambdaClient, type LambdaClientConfig } from '@aws-sdk/client-lambda';

export interface Account {
  profile?: string;
  region?: string;
}

/** Longer than the function may run, 15 minutes. */
const READ_TIMEOUT_MS = 16 * 60_000;

/** For waiting on a run: no time-out before the function's, and never a second attempt. */
export function invokingClient(account: Account): LambdaClient {
  return new LambdaClient({
    ...accountConfig(account),
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 10_000, requestTimeout: READ_TIMEOUT_MS },
  });
}

export function accountConfig({
  profile,
  region,
}: Account): Pick<LambdaClientConfig, 'profile' | 'region'> {
  return {
    ...(profile === undefined ? {} : { profile }),
    ...(region === undefined ? {} : { region }),
  };
}
