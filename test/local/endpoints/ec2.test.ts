import {
  DescribeInstancesCommand,
  type DescribeInstancesCommandInput,
  EC2Client,
  paginateDescribeInstances,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Ec2Endpoint, type Ec2Instance, startEc2 } from '../../../local/endpoints/ec2.ts';
import { throttled } from '../../../local/endpoints/faults.ts';
import { clientOptions } from './clients.ts';

const owned = { 'kubernetes.io/cluster/prod': 'owned' };
const instances: Ec2Instance[] = [
  { instanceId: 'i-00000000000000001', privateDnsName: 'ip-10-0-0-1.ec2.internal', tags: owned },
  {
    instanceId: 'i-00000000000000002',
    privateDnsName: 'ip-10-0-0-2.ec2.internal',
    tags: { ...owned, Name: 'a <b> & "c"' },
  },
  {
    instanceId: 'i-00000000000000003',
    privateDnsName: 'ip-10-0-0-2.ec2.internal',
    state: 'terminated',
    tags: owned,
  },
  { instanceId: 'i-00000000000000004', privateDnsName: 'ip-10-0-0-4.ec2.internal' },
];

let ec2: Ec2Endpoint;
let client: EC2Client;

beforeEach(async () => {
  ec2 = await startEc2(instances);
  client = new EC2Client(clientOptions(ec2));
});
afterEach(() => ec2.close());

async function found(input: DescribeInstancesCommandInput) {
  const { Reservations = [] } = await client.send(new DescribeInstancesCommand(input));
  return Reservations.flatMap(({ Instances = [] }) => Instances);
}

async function idsWhere(...filters: [name: string, ...values: string[]][]) {
  const Filters = filters.map(([Name, ...Values]) => ({ Name, Values }));
  return (await found({ Filters })).map(({ InstanceId }) => InstanceId?.slice(-1)).join('');
}

test.each([
  ['a name', [['private-dns-name', 'ip-10-0-0-2.ec2.internal']], '23'],
  [
    'a name and a state',
    [
      ['private-dns-name', '*-2.*'],
      ['instance-state-name', 'running'],
    ],
    '2',
  ],
  ['several names', [['private-dns-name', '*-1.ec2.internal', '*-4.ec2.internal']], '14'],
  ['a tag', [['tag:kubernetes.io/cluster/prod', 'owned']], '123'],
  ['a tag’s other value', [['tag:kubernetes.io/cluster/prod', 'shared']], ''],
  ['a tag that some carry', [['tag-key', 'Name']], '2'],
  ['an id', [['instance-id', 'i-00000000000000004']], '4'],
  ['a dot that is only a dot', [['private-dns-name', 'ip-10-0-0-1xec2.internal']], ''],
] satisfies [string, [string, ...string[]][], string][])(
  'instances are filtered by %s',
  async (_, filters, expected) => {
    expect(await idsWhere(...filters)).toBe(expected);
  },
);

test('an instance comes with its state, name and tags, special characters included', async () => {
  const [instance] = await found({ InstanceIds: ['i-00000000000000002'] });
  expect(instance).toMatchObject({
    InstanceId: 'i-00000000000000002',
    PrivateDnsName: 'ip-10-0-0-2.ec2.internal',
    State: { Code: 16, Name: 'running' },
    Operator: { Managed: false },
  });
  expect(instance?.Tags).toContainEqual({ Key: 'Name', Value: 'a <b> & "c"' });
});

test('Windows and managed instances say so', async () => {
  ec2.instances.set('i-00000000000000005', {
    instanceId: 'i-00000000000000005',
    privateDnsName: 'ip-10-0-0-5.ec2.internal',
    platform: 'windows',
    managedBy: 'eks.amazonaws.com',
  });
  const [instance] = await found({ InstanceIds: ['i-00000000000000005'] });
  expect(instance).toMatchObject({
    Platform: 'windows',
    Operator: { Managed: true, Principal: 'eks.amazonaws.com' },
  });
});

test('a thousand instances come in pages', async () => {
  for (let index = 0; index < 1_000; index += 1) {
    const instanceId = `i-${String(index).padStart(17, 'a')}`;
    ec2.instances.set(instanceId, { instanceId, privateDnsName: `made-${index}` });
  }
  const names = new Set<string | undefined>();
  const filter = { Filters: [{ Name: 'private-dns-name', Values: ['made-*'] }] };
  for await (const page of paginateDescribeInstances({ client, pageSize: 300 }, filter)) {
    for (const { Instances = [] } of page.Reservations ?? []) {
      for (const { PrivateDnsName } of Instances) names.add(PrivateDnsName);
    }
  }
  expect(names.size).toBe(1_000);
  expect(ec2.calls.get('DescribeInstances')).toBe(4);
});

test.each([
  ['an unknown id', { InstanceIds: ['i-0000000000000000f'] }, 'InvalidInstanceID.NotFound'],
  [
    'an unknown filter',
    { Filters: [{ Name: 'colour', Values: ['red'] }] },
    'InvalidParameterValue',
  ],
  ['pages below 5', { MaxResults: 4 }, 'InvalidParameterValue'],
  [
    'pages by id',
    { InstanceIds: ['i-00000000000000001'], MaxResults: 5 },
    'InvalidParameterCombination',
  ],
  [
    '201 filter values',
    { Filters: [{ Name: 'instance-id', Values: Array(201).fill('i-1') }] },
    'FilterLimitExceeded',
  ],
  ['a made-up token', { NextToken: 'x' }, 'InvalidNextToken'],
])('refused: %s', async (_, input, name) => {
  await expect(found(input)).rejects.toMatchObject({ name });
});

test('throttling on purpose', async () => {
  ec2.faults.next('DescribeInstances', throttled('RequestLimitExceeded'));
  await expect(found({})).rejects.toMatchObject({ name: 'RequestLimitExceeded' });
});
