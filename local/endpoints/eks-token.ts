/** Checks an EKS bearer token as the cluster's authenticator and STS would: the signature for real. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export type Credentials = {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
};

export type TokenRules = { clusterName: string; credentials: Credentials; now: Date };

const PREFIX = 'k8s-aws-v1.';
/** aws-iam-authenticator, token.go: a token lives for 15 minutes from its X-Amz-Date. */
const LIFETIME_MS = 15 * 60 * 1000;
const CLUSTER_HEADER = 'x-k8s-aws-id';

/** What is wrong with an `Authorization` header; nothing where it is right. */
export function faultOfToken(
  authorization: string | undefined,
  rules: TokenRules,
): string | undefined {
  const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
  if (!token?.startsWith(PREFIX)) return `no ${PREFIX} token`;
  const encoded = token.slice(PREFIX.length);
  if (!/^[A-Za-z0-9_-]+$/.test(encoded)) return 'not unpadded base64url';
  const url = URL.parse(Buffer.from(encoded, 'base64url').toString());
  return url ? faultOfUrl(url, rules) : 'no URL in the token';
}

function faultOfUrl(url: URL, { clusterName, credentials, now }: TokenRules): string | undefined {
  const query = url.searchParams;
  const signedHeaders = (query.get('X-Amz-SignedHeaders') ?? '').split(';');
  const [keyId, day = '', region = '', service, end] = (query.get('X-Amz-Credential') ?? '').split(
    '/',
  );
  const date = dateOf(query.get('X-Amz-Date') ?? '');
  const expires = Number(query.get('X-Amz-Expires') ?? Number.NaN);
  const rules: [boolean, string][] = [
    [url.protocol === 'https:' && url.pathname === '/', 'not an https URL with the path /'],
    [/^sts(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?$/.test(url.host), `not an STS host: ${url.host}`],
    [query.get('Action') === 'GetCallerIdentity', 'not GetCallerIdentity'],
    [query.get('X-Amz-Algorithm') === 'AWS4-HMAC-SHA256', 'not SigV4'],
    [signedHeaders.includes('host'), 'host is not signed'],
    [signedHeaders.includes(CLUSTER_HEADER), `${CLUSTER_HEADER} is not signed`],
    [keyId === credentials.accessKeyId, 'unknown access key'],
    [service === 'sts' && end === 'aws4_request', 'not signed for sts'],
    [
      (query.get('X-Amz-Security-Token') ?? undefined) === credentials.sessionToken,
      'session token',
    ],
    [expires >= 1 && expires <= 900, `X-Amz-Expires is ${expires}`],
    [Math.abs(now.getTime() - date) < LIFETIME_MS, 'expired, or from the future'],
    [
      isSignedBy(url, signedHeaders, { host: url.host, [CLUSTER_HEADER]: clusterName }, [
        credentials.secretAccessKey,
        day,
        region,
      ]),
      'the signature does not match the secret key and the cluster',
    ],
  ];
  return rules.find(([holds]) => !holds)?.[1];
}

/** `20261123T193306Z` as milliseconds; NaN for anything else. */
function dateOf(text: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!parts) return Number.NaN;
  const [, year, month, day, hour, minute, second] = parts;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** SigV4 in the query string: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function isSignedBy(
  url: URL,
  signedHeaders: string[],
  headers: Record<string, string>,
  [secret, day, region]: [string, string, string],
): boolean {
  const canonicalQuery = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const canonicalHeaders = signedHeaders.map((name) => `${name}:${headers[name] ?? ''}\n`).join('');
  const canonical = [
    'GET',
    '/',
    canonicalQuery,
    canonicalHeaders,
    signedHeaders.join(';'),
    sha256(''),
  ];
  const toSign = [
    'AWS4-HMAC-SHA256',
    url.searchParams.get('X-Amz-Date') ?? '',
    `${day}/${region}/sts/aws4_request`,
    sha256(canonical.join('\n')),
  ].join('\n');
  const key = [day, region, 'sts', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  const expected = hmac(key, toSign);
  const given = Buffer.from(url.searchParams.get('X-Amz-Signature') ?? '', 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) =>
  createHmac('sha256', key).update(text).digest();
