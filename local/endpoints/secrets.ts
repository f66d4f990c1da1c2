/** Secrets Manager on loopback: GetSecretValue. */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { awsJson, parseInput } from './aws-json.ts';
import { type Endpoint, listen, ServiceError } from './server.ts';

export type SecretsEndpoint = Endpoint & {
  /** Secret strings by name; callers may ask by name or by an ARN of that name. */
  secrets: Map<string, string>;
};

const getSecretValueInput = z.object({ SecretId: z.string().min(1).max(2048) });

export async function startSecrets(
  secrets: Iterable<readonly [string, string]> = [],
): Promise<SecretsEndpoint> {
  const store = new Map(secrets);
  const versionId = randomUUID();
  const endpoint = await listen(
    awsJson('secretsmanager', {
      GetSecretValue: (input) => {
        const name = nameOf(parseInput(getSecretValueInput, input).SecretId, store);
        const value = name === undefined ? undefined : store.get(name);
        if (name === undefined || value === undefined) throw notFound();
        return {
          ARN: `${ARN_PREFIX}${name}-a1B2c3`,
          Name: name,
          VersionId: versionId,
          SecretString: value,
          VersionStages: ['AWSCURRENT'],
          CreatedDate: Date.now() / 1000,
        };
      },
    }),
  );
  return { ...endpoint, secrets: store };
}

const ARN_PREFIX = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:';

/** An ARN ends in the name and, mostly, six random characters; both forms work. */
function nameOf(id: string, store: Map<string, string>): string | undefined {
  if (!id.startsWith('arn:')) return id;
  const tail = id.split(':').slice(6).join(':');
  return [tail, tail.replace(/-[A-Za-z0-9]{6}$/, '')].find((name) => store.has(name));
}

function notFound(): ServiceError {
  return new ServiceError(
    'ResourceNotFoundException',
    "Secrets Manager can't find the specified secret.",
  );
}
