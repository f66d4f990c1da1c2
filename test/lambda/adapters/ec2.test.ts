/** Which instance a node is, asked of EC2 on loopback. */
import { EC2Client } from '@aws-sdk/client-ec2';
import { expect, onTestFinished, test } from 'vitest';
import { placeNodes } from '../../../lambda/adapters/ec2.ts';
import { type Ec2Instance, startEc2 } from '../../../local/endpoints/ec2.ts';
import { clientOptions } from '../../local/endpoints/clients.ts';

const TAG = ['kubernetes.io/cluster/prod', 'owned'] as const;
const tags = { [TAG[0]]: TAG[1] };
const dns = (nth: number) => `ip-10-0-${nth >> 8}-${nth & 255}.eu-central-1.compute.internal`;
const id = (nth: number) => `i-${nth.toString(16).padStart(17, '0')}`;

async function place(instances: Ec2Instance[], nodes: readonly string[]) {
  const ec2 = await startEc2(instances);
  const client = new EC2Client(clientOptions(ec2));
  onTestFinished(async () => {
    client.destroy();
    await ec2.close();
  });
  const placements = await placeNodes(client, nodes, TAG);
  return { placements: Object.fromEntries(placements), calls: ec2.calls };
}

const instance = (nth: number, other: Partial<Ec2Instance> = {}): Ec2Instance => ({
  instanceId: id(nth),
  privateDnsName: dns(nth),
  tags,
  ...other,
});

test.each([
  ['its private DNS name', dns(5)],
  ['its id', id(5)],
  ['its resource name', `${id(5)}.eu-central-1.compute.internal`],
])('a node is found by %s', async (_, node) => {
  const { placements, calls } = await place([instance(4), instance(5)], [node]);
  expect(placements).toEqual({ [node]: { instanceId: id(5) } });
  expect(calls.get('DescribeInstances')).toBe(1);
});

test.each<[string, Ec2Instance[], string]>([
  ['nobody', [], '0 running instances'],
  [
    'another cluster’s',
    [instance(5, { tags: { 'kubernetes.io/cluster/test': 'owned' } })],
    '0 running',
  ],
  ['one that is stopped', [instance(5, { state: 'stopped' })], '0 running'],
  ['one that shuts down', [instance(5, { state: 'shutting-down' })], '0 running'],
  ['two of one name', [instance(5), instance(6, { privateDnsName: dns(5) })], '2 running'],
  ['a Windows node', [instance(5, { platform: 'windows' })], 'a Windows node'],
  [
    'a node of EKS Auto Mode',
    [instance(5, { managedBy: 'eks.amazonaws.com' })],
    'managed by eks.amazonaws.com: EKS Auto Mode',
  ],
])('a name that stands for %s is unreachable, and why', async (_, instances, words) => {
  const { placements } = await place(instances, [dns(5)]);
  expect(placements[dns(5)]).toEqual({ unreachable: expect.stringContaining(words) });
});

test('where it is not found, the reason says by what it was looked for', async () => {
  const { placements } = await place([], [dns(5), id(6)]);
  const expected = (by: string) => ({
    unreachable: `0 running instances of ${by} and tag kubernetes.io/cluster/prod, expected 1`,
  });
  expect(placements).toEqual({
    [dns(5)]: expected(`private-dns-name ${dns(5)}`),
    [id(6)]: expected(`instance-id ${id(6)}`),
  });
});

test.each([
  ['mi-0123456789abcdef0', 'a hybrid node'],
  ['fargate-ip-10-0-1-5.eu-central-1.compute.internal', 'a Fargate node'],
])('%s is known by its name alone, and EC2 is not asked', async (node, words) => {
  const { placements, calls } = await place([], [node]);
  expect(placements[node]).toEqual({ unreachable: expect.stringContaining(words) });
  expect(calls.size).toBe(0);
});

test('many are looked up a hundred at a time, each placed on its own instance', async () => {
  const numbers = Array.from({ length: 250 }, (_, nth) => nth);
  const nodes = numbers.map((nth) => (nth % 5 === 0 ? id(nth) : dns(nth)));
  const { placements, calls } = await place(
    numbers.map((nth) => instance(nth)),
    [...nodes, ...nodes],
  );
  expect(placements).toEqual(
    Object.fromEntries(numbers.map((nth) => [nodes[nth], { instanceId: id(nth) }])),
  );
  // 50 by id, 200 by name.
  expect(calls.get('DescribeInstances')).toBe(3);
});

test('nothing to place asks nobody', async () => {
  const { placements, calls } = await place([instance(1)], []);
  expect([placements, calls.size]).toEqual([{}, 0]);
});
