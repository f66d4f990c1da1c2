/** A cluster that podthaw cannot look at: the outcome says so and what to do, once; nothing is sent. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { makeCertificates } from '../../local/endpoints/certificates.ts';
import { type Fault, failing } from '../../local/endpoints/faults.ts';
import { forbidden } from '../../local/endpoints/kubernetes.ts';
import type { Pipeline } from '../../local/pipeline.ts';
import { addStuckPod, CLUSTER, only, sent, startShop } from './shop.ts';

// The first pipeline of a process synthesizes the SSM document.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const sweep = { 'detail-type': 'Scheduled Event', source: 'aws.events' };

async function startStuck() {
  const shop = await startShop();
  addStuckPod(shop, { uid: '11111111-2222-4333-8444-555555555555' });
  return shop;
}

/** @returns what every call of an operation meets from now on */
const always =
  (api: 'eks' | 'ec2' | 'kubernetes', operation: string, fault: () => Fault) => (shop: Pipeline) =>
    shop[api].faults.when(operation, fault);

const denied = failing(
  'AccessDeniedException',
  403,
  'User: arn:aws:sts::111122223333:assumed-role/podthaw/remediate is not authorized to perform: eks:DescribeCluster on resource: arn:aws:eks:eu-central-1:111122223333:cluster/shop-cluster',
);
/** IAM's encoded text is another one at every call. */
let denials = 0;
const unauthorized = () => {
  denials += 1;
  const encoded = Buffer.from(`denial ${denials}`).toString('base64');
  const words = `You are not authorized to perform this operation. User: podthaw is not authorized to perform: ec2:DescribeInstances. Encoded authorization failure message: ${encoded}`;
  return failing('UnauthorizedOperation', 403, words);
};

/** A proxy's page has another id at every call. */
const page = (): Fault => ({
  kind: 'reply',
  reply: { status: 200, body: `<html>Bad gateway, request ${randomUUID()}</html>` },
});

type Misfortune = (shop: Pipeline) => unknown;
const misfortunes: [string, Misfortune, says: RegExp, todo: RegExp][] = [
  [
    'EKS denies',
    always('eks', 'DescribeCluster', () => denied),
    /may not describe cluster shop-cluster \(User: .* is not authorized/,
    /allow eks:DescribeCluster/,
  ],
  [
    'EKS knows no such cluster',
    (shop) => shop.eks.clusters.clear(),
    /EKS knows no cluster shop-cluster/,
    /correct its name in podthaw.json/,
  ],
  [
    'the cluster is being made',
    (shop) => change(shop, { status: 'CREATING' }),
    /has no API endpoint: its status is CREATING/,
    /Wait until it is ACTIVE/,
  ],
  [
    'EKS cannot be reached',
    (shop) => shop.eks.close(),
    /EKS cannot be reached \(.*ECONNREFUSED/,
    /NAT gateway, or interface endpoints/,
  ],
  [
    '401: no access entry',
    always('kubernetes', 'listPods', () => failing('Unauthorized', 401, 'Unauthorized')),
    /does not know podthaw \(list pods: HTTP 401: Unauthorized\)/,
    /EKS access entry with AmazonEKSViewPolicy.*API or API_AND_CONFIG_MAP/,
  ],
  [
    '403: an access entry that allows nothing',
    always('kubernetes', 'listPods', forbidden),
    /does not let podthaw list pods \(list pods: HTTP 403: pods is forbidden/,
    /EKS access entry with AmazonEKSViewPolicy/,
  ],
  [
    'a private endpoint, refused',
    (shop) => shop.kubernetes.close(),
    /cannot be reached \(.*ECONNREFUSED/,
    /give the function a VPC.*check the CIDRs/,
  ],
  [
    'another’s certificate',
    async (shop) => change(shop, { caPem: (await makeCertificates()).caPem }),
    /no certificate of the cluster's own CA \(.*certificate/,
    /Look for a proxy/,
  ],
  [
    'an answer that makes no sense',
    always('kubernetes', 'listPods', page),
    /did not answer as expected \(list pods: an answer that is not JSON\)/,
    /The next run tries again/,
  ],
  [
    'a list that expires for ever',
    always('kubernetes', 'listPods', () => failing('Expired', 410)),
    /did not answer as expected \(list pods: the list expired/,
    /The next run tries again/,
  ],
  [
    'EC2 denies',
    always('ec2', 'DescribeInstances', unauthorized),
    /may not look up the cluster's instances \(You are not authorized/,
    /allow ec2:DescribeInstances/,
  ],
];

function change(shop: Pipeline, changed: object): void {
  const cluster = shop.eks.clusters.get(CLUSTER);
  if (cluster) shop.eks.clusters.set(CLUSTER, { ...cluster, ...changed });
}

describe.each(misfortunes)('%s', (_, befall, says, todo) => {
  test('the outcome says so and what to do; people are told once; nothing is sent', async () => {
    const shop = await startStuck();
    await befall(shop);
    for (let sweeps = 0; sweeps < 3; sweeps += 1) {
      const { problem, pods, summary } = only(await shop.invoke(sweep));
      expect(problem).toMatch(says);
      expect(problem).toMatch(todo);
      expect([pods, summary]).toEqual([[], {}]);
    }
    expect(shop.sns.publications).toHaveLength(1);
    expect(shop.sns.publications[0]?.subject).toContain(`could not look at cluster ${CLUSTER}`);
    expect(JSON.stringify(shop.slack.messages)).toMatch(/could not look at cluster/);
    expect(shop.slack.messages).toHaveLength(1);
    expect(sent(shop)).toBe(0);
  }, 120_000);
});

test('a problem that went away is news when it comes back', async () => {
  const shop = await startStuck();
  const problems: boolean[] = [];
  for (const ill of [true, true, false, true]) {
    shop.kubernetes.faults.when('listPods', () => (ill ? forbidden() : undefined));
    const outcome = only(await shop.invoke(sweep));
    problems.push(outcome.problem !== undefined);
  }
  expect(problems).toEqual([true, true, false, true]);
  const told = shop.sns.publications.map(({ subject }) => subject ?? '');
  expect(told.filter((subject) => subject.includes('could not look'))).toHaveLength(2);
});

test('another problem is news', async () => {
  const shop = await startStuck();
  for (const fault of [forbidden(), failing('Unauthorized', 401, 'Unauthorized')]) {
    shop.kubernetes.faults.when('listPods', () => fault);
    await shop.invoke(sweep);
    await shop.invoke(sweep);
  }
  expect(shop.slack.messages).toHaveLength(2);
});

test('a person who asks gets the problem as the answer, and nobody else is told', async () => {
  const shop = await startStuck();
  shop.kubernetes.faults.when('listPods', forbidden);
  const outcome = only(await shop.invoke({ action: 'thaw', pods: ['shop/cart-0'] }));
  expect(outcome.problem).toContain('AmazonEKSViewPolicy');
  expect([sent(shop), shop.sns.publications.length]).toEqual([0, 0]);
});
