import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DynamoDbEndpoint, startDynamoDb } from '../../../local/endpoints/dynamodb.ts';
import { closing, throttled } from '../../../local/endpoints/faults.ts';
import { clientOptions } from './clients.ts';

let dynamodb: DynamoDbEndpoint;
let client: DynamoDBClient;

beforeEach(async () => {
  dynamodb = await startDynamoDb();
  client = new DynamoDBClient(clientOptions(dynamodb));
});
afterEach(async () => {
  client.destroy();
  await dynamodb.close();
});

/** Claims once; a second claim of the same pod fails. */
function claim(pod: string) {
  return client.send(
    new UpdateItemCommand({
      TableName: 'claims',
      Key: { pod: { S: pod } },
      UpdateExpression: 'SET attempts = if_not_exists(attempts, :none) + :one',
      ConditionExpression: 'attribute_not_exists(pod)',
      ExpressionAttributeValues: { ':none': { N: '0' }, ':one': { N: '1' } },
    }),
  );
}

test('of a hundred claims at once one wins', async () => {
  await dynamodb.createTable('claims', { partitionKey: 'pod' });
  const results = await Promise.allSettled(Array.from({ length: 100 }, () => claim('uid-1')));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const result of results) {
    if (result.status === 'fulfilled') continue;
    expect(result.reason).toMatchObject({ name: 'ConditionalCheckFailedException' });
  }
  expect(dynamodb.calls.get('UpdateItem')).toBe(100);
});

test('a table is made from what the template says of it', async () => {
  await dynamodb.createTable('claims', {
    cloudFormation: {
      KeySchema: [{ AttributeName: 'pod', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pod', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    },
  });
  await claim('uid-1');
  const { Item } = await client.send(
    new GetItemCommand({ TableName: 'claims', Key: { pod: { S: 'uid-1' } }, ConsistentRead: true }),
  );
  expect(Item).toEqual({ pod: { S: 'uid-1' }, attempts: { N: '1' } });
});

test('a table that does not exist is an error', async () => {
  await expect(claim('uid-1')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('faults on purpose: throttling, a cut connection, then as usual', async () => {
  await dynamodb.createTable('claims', { partitionKey: 'pod' });
  dynamodb.faults.next('UpdateItem', throttled('ProvisionedThroughputExceededException'), closing);
  await expect(claim('uid-1')).rejects.toMatchObject({
    name: 'ProvisionedThroughputExceededException',
  });
  await expect(claim('uid-1')).rejects.toThrow(/socket hang up|ECONNRESET/);
  await expect(claim('uid-1')).resolves.toBeDefined();
});
