/** DynamoDB: one item a pod, for claims on it and for what people were told of it. */
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import pMap from 'p-map';
import * as z from 'zod';
import { claimsTableKeys } from '../domain/settings.ts';

export interface ClaimsTable {
  client: DynamoDBClient;
  name: string;
  claimant: Claimant;
}

/** Who claims: the run, and one invocation of it, since an event may be delivered twice. */
export interface Claimant {
  runId: string;
  invocation: string;
}

const { partition, expiry } = claimsTableKeys;
/** BatchGetItem's limit. */
const BATCH = 100;
/** Items are kept for a week after their last change: then whatever still hangs is news again. */
const KEPT_SECONDS = 7 * 86_400;

export const text = z.object({ S: z.string() }).transform(({ S }) => S);
export const number = z.object({ N: z.string() }).transform(({ N }) => Number(N));
const keysSchema = z.array(z.object({ [partition]: z.object({ S: z.string() }) }));

/** Reads items as they stand; ids without one are left out. @returns in DynamoDB's own words */
export async function readItems(table: ClaimsTable, ids: readonly string[]): Promise<unknown[]> {
  const keys = [...new Set(ids)].map((id) => ({ [partition]: { S: id } }));
  const batches = Array.from({ length: Math.ceil(keys.length / BATCH) }, (_, i) =>
    keys.slice(i * BATCH, (i + 1) * BATCH),
  );
  return (await pMap(batches, (batch) => readBatch(table, batch), { concurrency: 5 })).flat();
}

/** What DynamoDB leaves unprocessed under load is asked for again. */
async function readBatch({ client, name }: ClaimsTable, batch: z.infer<typeof keysSchema>) {
  const items: unknown[] = [];
  for (let keys = batch; keys.length > 0; ) {
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [name]: { Keys: keys, ConsistentRead: true } } }),
    );
    items.push(...(Responses?.[name] ?? []));
    keys = keysSchema.parse(UnprocessedKeys?.[name]?.Keys ?? []);
  }
  return items;
}

type Change = Pick<
  UpdateItemCommandInput,
  | 'UpdateExpression'
  | 'ConditionExpression'
  | 'ExpressionAttributeNames'
  | 'ExpressionAttributeValues'
>;

/** `#expiry` and `:expiry` are given. @returns false where the condition did not hold */
export async function update(
  { client, name }: ClaimsTable,
  id: string,
  now: Date,
  change: Change,
): Promise<boolean> {
  const expires = Math.floor(now.getTime() / 1000) + KEPT_SECONDS;
  try {
    await client.send(
      new UpdateItemCommand({
        TableName: name,
        Key: { [partition]: { S: id } },
        ...change,
        ExpressionAttributeNames: { '#expiry': expiry, ...change.ExpressionAttributeNames },
        ExpressionAttributeValues: {
          ':expiry': { N: String(expires) },
          ...change.ExpressionAttributeValues,
        },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
