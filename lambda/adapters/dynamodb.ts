/** DynamoDB: claims on pods; one item a pod, which dynamodb-told.ts shares. */
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import pMap from 'p-map';
import * as z from 'zod';
import { type Claim, judgedSchema, MAX_ATTEMPTS, type Settlement } from '../domain/claim.ts';
import { claimsTableKeys } from '../domain/settings.ts';

export interface ClaimsTable {
  client: DynamoDBClient;
  name: string;
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

const text = z.object({ S: z.string() }).transform(({ S }) => S);
const number = z.object({ N: z.string() }).transform(({ N }) => Number(N));
const json = text.transform((value): unknown => JSON.parse(value));
const itemSchema = z.object({
  [partition]: text,
  attempts: number.default(0),
  notBefore: number.default(0),
  runId: text.optional(),
  last: json.pipe(judgedSchema).optional(),
});

const keysSchema = z.array(z.object({ [partition]: z.object({ S: z.string() }) }));

/** Reads claims as they stand. @returns by id; what no run has ever claimed is left out */
export async function readClaims(
  table: ClaimsTable,
  ids: readonly string[],
): Promise<Map<string, Claim>> {
  const batches = Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, i) =>
    ids.slice(i * BATCH, (i + 1) * BATCH),
  );
  const read = await pMap(batches, (batch) => readBatch(table, batch), { concurrency: 5 });
  return new Map(read.flat());
}

/** What DynamoDB leaves unprocessed under load is asked for again. */
async function readBatch({ client, name }: ClaimsTable, ids: readonly string[]) {
  const claims: [id: string, claim: Claim][] = [];
  let keys: z.infer<typeof keysSchema> = ids.map((id) => ({ [partition]: { S: id } }));
  while (keys.length > 0) {
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [name]: { Keys: keys, ConsistentRead: true } } }),
    );
    for (const item of Responses?.[name] ?? []) {
      const { [partition]: id, attempts, notBefore, runId, last } = itemSchema.parse(item);
      claims.push([id, { attempts, notBefore, runId, last }]);
    }
    keys = keysSchema.parse(UnprocessedKeys?.[name]?.Keys ?? []);
  }
  return claims;
}

/**
 * One conditional update per id: of any number of runs at once, one gets it.
 *
 * @param until when others may have it again if this run is never heard of
 * @returns the ids that were taken
 */
export async function takeClaims(
  table: ClaimsTable,
  ids: readonly string[],
  claimant: Claimant,
  { now, until }: { now: Date; until: number },
): Promise<Set<string>> {
  const take = async (id: string) => {
    const taken = await update(table, id, now, {
      UpdateExpression:
        'SET attempts = if_not_exists(attempts, :none) + :one, notBefore = :until, runId = :run, invocation = :me, #expiry = :expiry',
      // A repeated call, after an answer that was lost, must see its own claim as won.
      ConditionExpression:
        'invocation = :me OR ((attribute_not_exists(attempts) OR attempts < :most) AND (attribute_not_exists(notBefore) OR notBefore <= :now))',
      ExpressionAttributeValues: {
        ':none': { N: '0' },
        ':one': { N: '1' },
        ':most': { N: String(MAX_ATTEMPTS) },
        ':now': { N: String(now.getTime()) },
        ':until': { N: String(until) },
        ':run': { S: claimant.runId },
        ':me': { S: claimant.invocation },
      },
    });
    return taken ? [id] : [];
  };
  return new Set((await pMap(ids, take, { concurrency: CONCURRENCY })).flat());
}

/** Gives claims back with what came of them; one that another run has taken over is let be. */
export async function settleClaims(
  table: ClaimsTable,
  settlements: readonly (Settlement & { id: string })[],
  { invocation }: Claimant,
  { now, until }: { now: Date; until: number },
): Promise<void> {
  await pMap(
    settlements,
    ({ id, attempted, last }) =>
      update(table, id, now, {
        UpdateExpression:
          'SET notBefore = :until, #last = :last, attempts = attempts - :unmade, #expiry = :expiry REMOVE invocation',
        ConditionExpression: 'invocation = :me',
        ExpressionAttributeNames: { '#last': 'last' },
        ExpressionAttributeValues: {
          ':until': { N: String(until) },
          ':last': { S: JSON.stringify(last) },
          ':unmade': { N: attempted ? '0' : '1' },
          ':me': { S: invocation },
        },
      }),
    { concurrency: CONCURRENCY },
  );
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
