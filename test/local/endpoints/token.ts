/** Makes EKS tokens as `aws eks get-token` does, with the SDK's own signer. */
import { Sha256 } from '@smithy/core/checksum';
import { HttpRequest } from '@smithy/core/transport';
import { SignatureV4 } from '@smithy/signature-v4';
import { credentials } from './clients.ts';

export const CLUSTER = 'prod';

/** What a test may get wrong about a token. */
export type TokenFaults = {
  cluster?: string;
  secretAccessKey?: string;
  action?: string;
  hostname?: string;
  service?: string;
  signedAt?: Date;
  expiresIn?: number;
  /** Leaves the cluster's header out. */
  unnamed?: boolean;
};

export async function tokenWith(faults: TokenFaults = {}): Promise<string> {
  const hostname = faults.hostname ?? 'sts.eu-central-1.amazonaws.com';
  const signer = new SignatureV4({
    service: faults.service ?? 'sts',
    region: 'eu-central-1',
    sha256: Sha256,
    credentials: {
      ...credentials,
      secretAccessKey: faults.secretAccessKey ?? credentials.secretAccessKey,
    },
  });
  const cluster = faults.unnamed ? {} : { 'x-k8s-aws-id': faults.cluster ?? CLUSTER };
  const { query } = await signer.presign(
    new HttpRequest({
      method: 'GET',
      protocol: 'https:',
      hostname,
      path: '/',
      headers: { host: hostname, ...cluster },
      query: { Action: faults.action ?? 'GetCallerIdentity', Version: '2011-06-15' },
    }),
    { expiresIn: faults.expiresIn ?? 60, signingDate: faults.signedAt ?? new Date() },
  );
  const search = new URLSearchParams(
    Object.entries(query ?? {}).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return `k8s-aws-v1.${Buffer.from(`https://${hostname}/?${search}`).toString('base64url')}`;
}
