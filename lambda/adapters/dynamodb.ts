/** DynamoDB: one item a pod, for claims on it and for what people were told of it. */
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import pMap from 'p-map';
import * as z from 'zod';
import type { Item } from '../domain/news.ts';
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
const CONCURRENCY = 25;
/** Items are kept for a week after their last change: then whatever still hangs is news again. */
const KEPT_SECONDS = 7 * 86_400;
/** Who begins to tell and is killed leaves the telling to the next after this. */
const TELLING_MS = 60_000;

export const text = z.object({ S: z.string() }).transform(({ S }) => S);
export const number = z.object({ N: z.string() }).transform(({ N }) => Number(N));
const keysSchema = z.array(z.object({ [partition]: z.object({ S: z.string() }) }));
const toldSchema = z.object({
  [partition]: text,
  told: text.optional(),
  invocation: text.optional(),
  notBefore: number.default(0),
});

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

/**
 * Of any number of runs with the same news, one gets to tell it. Read first: what stays the same
 * from sweep to sweep costs no write. @returns the ids to be told
 */
export async function startTelling(
  table: ClaimsTable,
  items: readonly Item[],
  now: Date,
): Promise<Set<string>> {
  const read = await readItems(
    table,
    items.map(({ id }) => id),
  );
  const known = new Map(
    z
      .array(toldSchema)
      .parse(read)
      .map(({ [partition]: id, ...item }) => [id, item]),
  );
  const start = async (item: Item) => {
    const before = known.get(item.id);
    if (before?.told === item.fingerprint) return [];
    const mine = isHeld(before, table, now) || (await takeTelling(table, item, now));
    return mine ? [item.id] : [];
  };
  return new Set((await pMap(items, start, { concurrency: CONCURRENCY })).flat());
}

/** Who still holds a pod's claim is the only one with news of it. */
function isHeld(
  item: Pick<z.infer<typeof toldSchema>, 'invocation' | 'notBefore'> | undefined,
  { claimant }: ClaimsTable,
  now: Date,
): boolean {
  return item?.invocation === claimant.invocation && item.notBefore > now.getTime();
}

function takeTelling(table: ClaimsTable, { id, fingerprint }: Item, now: Date): Promise<boolean> {
  return update(table, id, now, {
    UpdateExpression: 'SET tellingUntil = :until, #expiry = :expiry',
    ConditionExpression:
      '(attribute_not_exists(told) OR told <> :news) AND (attribute_not_exists(tellingUntil) OR tellingUntil <= :now)',
    ExpressionAttributeValues: {
      ':news': { S: fingerprint },
      ':now': { N: String(now.getTime()) },
      ':until': { N: String(now.getTime() + TELLING_MS) },
    },
  });
}

/** Notes what was told, or (`told` false) that it was not and is still to be told. */
export async function endTelling(
  table: ClaimsTable,
  items: readonly Item[],
  told: boolean,
  now: Date,
): Promise<void> {
  await pMap(
    items,
    ({ id, fingerprint }) =>
      update(table, id, now, {
        UpdateExpression: told
          ? 'SET told = :news, #expiry = :expiry REMOVE tellingUntil'
          : 'SET #expiry = :expiry REMOVE tellingUntil',
        ...(told ? { ExpressionAttributeValues: { ':news': { S: fingerprint } } } : {}),
      }),
    { concurrency: CONCURRENCY },
  );
}

export async function forget({ client, name }: ClaimsTable, id: string): Promise<void> {
  await client.send(new DeleteItemCommand({ TableName: name, Key: { [partition]: { S: id } } }));
}

type Change = Pick<
  UpdateItemCommandInput,
  | 'UpdateExpression'
  | 'ConditionExpression'
  | 'ExpressionAttributeNames'
  | 'ExpressionAttributeValues'
>;

/** @returns false where the condition did not hold */
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
