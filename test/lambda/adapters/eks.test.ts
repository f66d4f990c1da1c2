/** Where a cluster's API is, and the token that opens it. */
import { EKSClient } from '@aws-sdk/client-eks';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { describeCluster, makeToken } from '../../../lambda/adapters/eks.ts';
import { type EksCluster, startEks } from '../../../local/endpoints/eks.ts';
import { faultOfToken } from '../../../local/endpoints/eks-token.ts';
import { hanging } from '../../../local/endpoints/faults.ts';
import { clientOptions, credentials } from '../../local/endpoints/clients.ts';

afterEach(() => void vi.unstubAllEnvs());

async function start(cluster: Partial<EksCluster> = {}) {
  const eks = await startEks([
    { name: 'prod', endpoint: 'https://api', caPem: '-----BEGIN', ...cluster },
  ]);
  const requestHandler = { requestTimeout: 300, throwOnRequestTimeout: true };
  const client = new EKSClient({ ...clientOptions(eks), requestHandler });
  onTestFinished(async () => {
    client.destroy();
    await eks.close();
  });
  return { eks, client };
}

describe('a cluster', () => {
  test('has a URL and a CA of its own', async () => {
    const { client } = await start();
    expect(await describeCluster(client, 'prod')).toEqual({ url: 'https://api', ca: '-----BEGIN' });
  });

  test('that is being made has no API yet', async () => {
    const { client } = await start({ status: 'CREATING' });
    await expect(describeCluster(client, 'prod')).rejects.toMatchObject({
      name: 'ClusterUnavailable',
      message: 'cluster prod has no API endpoint: its status is CREATING',
    });
  });

  test('that EKS does not know is EKS’s own error', async () => {
    const { client } = await start();
    await expect(describeCluster(client, 'test')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test('cannot be looked up where nobody listens, or nobody answers', async () => {
    const { eks, client } = await start();
    eks.faults.next('DescribeCluster', hanging);
    await expect(describeCluster(client, 'prod')).rejects.toMatchObject({
      name: 'EksUnreachable',
      message: expect.stringContaining('requestTimeout'),
    });
    await eks.close();
    await expect(describeCluster(client, 'prod')).rejects.toMatchObject({
      name: 'EksUnreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

describe('a token', () => {
  const urlOf = (token: string) =>
    new URL(Buffer.from(token.slice('k8s-aws-v1.'.length), 'base64url').toString());

  async function tokenFor(cluster: string, region = 'eu-central-1', sessionToken?: string) {
    vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
    vi.stubEnv('AWS_SESSION_TOKEN', sessionToken);
    return makeToken(region, cluster);
  }
  const faultOf = (token: string, known: object = {}) =>
    faultOfToken(`Bearer ${token}`, {
      clusterName: 'prod',
      credentials: { ...credentials, ...known },
      now: new Date(),
    });

  test('is a GetCallerIdentity of 60 seconds that names the cluster', async () => {
    const token = await tokenFor('prod');
    expect(token).toMatch(/^k8s-aws-v1\.[\w-]+$/);
    const { origin, searchParams } = urlOf(token);
    expect(origin).toBe('https://sts.eu-central-1.amazonaws.com');
    expect(Object.fromEntries(searchParams)).toMatchObject({
      Action: 'GetCallerIdentity',
      'X-Amz-Expires': '60',
      'X-Amz-SignedHeaders': 'host;x-k8s-aws-id',
    });
    expect(searchParams.has('x-k8s-aws-id')).toBe(false);
    expect(faultOf(token)).toBeUndefined();
  });

  test('opens no other cluster', async () => {
    expect(faultOf(await tokenFor('test'))).toContain('signature');
  });

  test('of a role carries its session, as every Lambda’s does', async () => {
    const sessionToken = 'IQoJb3JpZ2lu+/=needs escaping==';
    const token = await tokenFor('prod', 'eu-central-1', sessionToken);
    expect(urlOf(token).searchParams.get('X-Amz-Security-Token')).toBe(sessionToken);
    expect(faultOf(token, { sessionToken })).toBeUndefined();
    expect(faultOf(token)).toBe('session token');
  });

  test('in China asks China’s STS', async () => {
    const { host } = urlOf(await tokenFor('prod', 'cn-north-1'));
    expect(host).toBe('sts.cn-north-1.amazonaws.com.cn');
  });
});
