/** DynamoDB: claims on pods; of any number of runs, one has a pod. */
import pMap from 'p-map';
import * as z from 'zod';
import { type Claim, judgedSchema, MAX_ATTEMPTS, type Settlement } from '../domain/claim.ts';
import { claimsTableKeys } from '../domain/settings.ts';
import { type ClaimsTable, number, readItems, text, update } from './dynamodb.ts';

/** Several commands take theirs at once: together they stay within the client's 50 sockets. */
const TAKES_AT_ONCE = 5;
const SETTLED_AT_ONCE = 25;

const { partition } = claimsTableKeys;
const claimSchema = z.object({
  [partition]: text,
  attempts: number.default(0),
  notBefore: number.default(0),
  runId: text.optional(),
  last: text
    .transform((value): unknown => JSON.parse(value))
    .pipe(judgedSchema)
    .optional(),
});

const holderSchema = z.object({ [partition]: text, invocation: text.optional() });

/** Reads claims as they stand. @returns by id; what no run has ever claimed is left out */
export async function readClaims(
  table: ClaimsTable,
  ids: readonly string[],
): Promise<Map<string, Claim>> {
  const items = z.array(claimSchema).parse(await readItems(table, ids));
  return new Map(
    items.map(({ [partition]: id, attempts, notBefore, runId, last }) => [
      id,
      { attempts, notBefore, runId, last },
    ]),
  );
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
  { now, until }: { now: Date; until: number },
): Promise<Set<string>> {
  const take = async (id: string) => {
    const taken = await update(table, id, now, {
      UpdateExpression:
        'SET attempts = if_not_exists(attempts, :none) + :one, notBefore = :until, runId = :run, invocation = :me, #expiry = :expiry',
      ConditionExpression:
        '(attribute_not_exists(attempts) OR attempts < :most) AND (attribute_not_exists(notBefore) OR notBefore <= :now)',
      ExpressionAttributeValues: {
        ':none': { N: '0' },
        ':one': { N: '1' },
        ':most': { N: String(MAX_ATTEMPTS) },
        ':now': { N: String(now.getTime()) },
        ':until': { N: String(until) },
        ':run': { S: table.claimant.runId },
        ':me': { S: table.claimant.invocation },
      },
    });
    return taken ? [id] : [];
  };
  const taken = new Set((await pMap(ids, take, { concurrency: TAKES_AT_ONCE })).flat());
  const refused = ids.filter((id) => !taken.has(id));
  return new Set([...taken, ...(await heldAlready(table, refused))]);
}

/** The SDK repeats a call whose answer was lost, and is refused by its own claim: that one is won. */
async function heldAlready(table: ClaimsTable, ids: readonly string[]): Promise<string[]> {
  const items = z.array(holderSchema).parse(await readItems(table, ids));
  return items
    .filter(({ invocation }) => invocation === table.claimant.invocation)
    .map(({ [partition]: id }) => id);
}

/** Gives claims back with what came of them; one that another run has taken over is let be. */
export async function settleClaims(
  table: ClaimsTable,
  settlements: readonly (Settlement & { id: string })[],
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
          ':me': { S: table.claimant.invocation },
        },
      }),
    { concurrency: SETTLED_AT_ONCE },
  );
}
