import { DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EksEndpoint, startEks } from '../../../local/endpoints/eks.ts';
import { failing } from '../../../local/endpoints/faults.ts';
import { clientOptions } from './clients.ts';

const cluster = { name: 'prod', endpoint: 'https://127.0.0.1:6443', caPem: '-----BEGIN ä' };

let eks: EksEndpoint;
let client: EKSClient;

beforeEach(async () => {
  eks = await startEks([cluster]);
  client = new EKSClient(clientOptions(eks));
});
afterEach(() => eks.close());

const describeCluster = (name: string) => client.send(new DescribeClusterCommand({ name }));

test('a cluster says where its API is, and by which CA to know it', async () => {
  const { cluster: found } = await describeCluster('prod');
  expect(found).toMatchObject({
    name: 'prod',
    status: 'ACTIVE',
    endpoint: 'https://127.0.0.1:6443',
    accessConfig: { authenticationMode: 'API_AND_CONFIG_MAP' },
  });
  const ca = Buffer.from(found?.certificateAuthority?.data ?? '', 'base64').toString();
  expect(ca).toBe(cluster.caPem);
});

test('a cluster that is being made has no endpoint yet', async () => {
  eks.clusters.set('next', { ...cluster, name: 'next', status: 'CREATING' });
  const { cluster: found } = await describeCluster('next');
  expect(found?.status).toBe('CREATING');
  expect(found?.endpoint).toBeUndefined();
});

test('an unknown cluster is an error that names it', async () => {
  await expect(describeCluster('other')).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: 'No cluster found for name: other.',
  });
});

test('faults on purpose', async () => {
  eks.faults.next('DescribeCluster', failing('AccessDeniedException', 403));
  await expect(describeCluster('prod')).rejects.toMatchObject({ name: 'AccessDeniedException' });
});
