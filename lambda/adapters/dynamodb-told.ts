/** DynamoDB: what people were told, on the pods' own items. */
import pMap from 'p-map';
import * as z from 'zod';
import { type FollowUp, type Item, turnId } from '../domain/news.ts';
import { claimsTableKeys } from '../domain/settings.ts';
import { type ClaimsTable, number, readItems, text, update } from './dynamodb.ts';
import { CLOSED, openMark } from './dynamodb-open.ts';

const { partition, openIn } = claimsTableKeys;
const CONCURRENCY = 25;
/** Who begins to tell and is killed leaves the telling to the next after this. */
const TELLING_MS = 60_000;
/** A pod of which this was told has left the API: there is no news of it any more. */
const RESOLVED = 'resolved';

const toldSchema = z.object({
  [partition]: text,
  told: text.optional(),
  invocation: text.optional(),
  notBefore: number.default(0),
});

type Told = Omit<z.infer<typeof toldSchema>, typeof partition>;

const NOBODY_TELLS = '(attribute_not_exists(tellingUntil) OR tellingUntil <= :now)';
/**
 * `invocation` stands on an item while a run has its claim, `last` once it has given it back: the run
 * that freed the pod tells so, with the proof; if it is killed before, others do when `notBefore` passes.
 */
const NOBODY_WORKS =
  '((attribute_not_exists(invocation) AND NOT contains(#last, :deleted)) OR notBefore <= :now)';

/** One run at a time tells of a cluster, else many would tell a part each. @returns whether it may */
export function takeTurn(table: ClaimsTable, cluster: string, now: Date): Promise<boolean> {
  return update(table, turnId(cluster), now, {
    UpdateExpression: 'SET tellingUntil = :until, #expiry = :expiry',
    ConditionExpression: NOBODY_TELLS,
    ExpressionAttributeValues: times(now),
  });
}

export async function endTurn(table: ClaimsTable, cluster: string, now: Date): Promise<void> {
  await update(table, turnId(cluster), now, {
    UpdateExpression: 'SET #expiry = :expiry REMOVE tellingUntil',
  });
}

/**
 * Of any number of runs with the same news, one gets to tell it. Read first: what stays the same from
 * sweep to sweep costs no write.
 *
 * @returns the ids to be told
 */
export async function startTelling(
  table: ClaimsTable,
  items: readonly Item[],
  now: Date,
): Promise<Set<string>> {
  const known = await readTold(table, items);
  return thoseOf(items, async (item) => {
    const before = known.get(item.id);
    if (before?.told === item.fingerprint || before?.told === RESOLVED) return false;
    return isHeld(item, before, table, now) || (await takeTelling(table, item, now));
  });
}

async function readTold(table: ClaimsTable, items: readonly Item[]): Promise<Map<string, Told>> {
  const read = await readItems(
    table,
    items.map(({ id }) => id),
  );
  const told = z.array(toldSchema).parse(read);
  return new Map(told.map(({ [partition]: id, ...item }) => [id, item]));
}

/** Who still holds the claim of a pod that is over and done with is the only one with news of it. */
function isHeld(
  { open }: Item,
  before: Told | undefined,
  { claimant }: ClaimsTable,
  now: Date,
): boolean {
  if (open !== undefined || before?.invocation !== claimant.invocation) return false;
  return before.notBefore > now.getTime();
}

/** What stays open is noted now already: a run that is killed once it has told leaves no one waiting for the end. */
function takeTelling(table: ClaimsTable, item: Item, now: Date): Promise<boolean> {
  const mark = openMark(item, now);
  return update(table, item.id, now, {
    UpdateExpression: `SET tellingUntil = :until, #expiry = :expiry${mark.set}`,
    ConditionExpression: `(attribute_not_exists(told) OR (told <> :news AND told <> :resolved)) AND ${NOBODY_TELLS}`,
    ExpressionAttributeNames: mark.names,
    ExpressionAttributeValues: {
      ...mark.values,
      ...times(now),
      ':news': { S: item.fingerprint },
      ':resolved': { S: RESOLVED },
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
  const end = (item: Item) => (told ? noteTold(table, item, now) : noteUntold(table, item, now));
  await pMap(items, end, { concurrency: CONCURRENCY });
}

async function noteTold(table: ClaimsTable, item: Item, now: Date): Promise<void> {
  const mark = item.over ? CLOSED : openMark(item, now);
  await update(table, item.id, now, {
    UpdateExpression: `SET told = :news, #expiry = :expiry${mark.set} REMOVE tellingUntil${mark.remove}`,
    // Who was so slow to note it that others have told the end leaves it at that.
    ConditionExpression: 'attribute_not_exists(told) OR told <> :resolved',
    ExpressionAttributeNames: mark.names,
    ExpressionAttributeValues: {
      ...mark.values,
      ':news': { S: item.fingerprint },
      ':resolved': { S: RESOLVED },
    },
  });
}

/** Nobody waits for the end of what was never told. */
async function noteUntold(table: ClaimsTable, { id }: Item, now: Date): Promise<void> {
  const neverTold = await update(table, id, now, {
    UpdateExpression: `SET #expiry = :expiry REMOVE tellingUntil${CLOSED.remove}`,
    ConditionExpression: 'attribute_not_exists(told)',
    ExpressionAttributeNames: CLOSED.names,
  });
  if (neverTold) return;
  await update(table, id, now, { UpdateExpression: 'SET #expiry = :expiry REMOVE tellingUntil' });
}

/** Of any number of runs that saw the same end, one gets to tell it. @returns the ids to be told */
export function startFollowUp(
  table: ClaimsTable,
  items: readonly FollowUp[],
  now: Date,
): Promise<Set<string>> {
  return thoseOf(items, ({ id }) =>
    update(table, id, now, {
      UpdateExpression: 'SET tellingUntil = :until, #expiry = :expiry',
      ConditionExpression: `attribute_exists(#openIn) AND ${NOBODY_TELLS} AND ${NOBODY_WORKS}`,
      ExpressionAttributeNames: { '#openIn': openIn, '#last': 'last' },
      ExpressionAttributeValues: { ...times(now), ':deleted': { S: '"outcome":"deleted"' } },
    }),
  );
}

/** Closes what was told to be over, or (`told` false) leaves it open for the next run. */
export async function endFollowUp(
  table: ClaimsTable,
  items: readonly FollowUp[],
  told: boolean,
  now: Date,
): Promise<void> {
  const end = ({ id, what }: FollowUp) =>
    update(table, id, now, told ? CLOSING[what] : { UpdateExpression: STILL_OPEN });
  await pMap(items, end, { concurrency: CONCURRENCY });
}

const STILL_OPEN = 'SET #expiry = :expiry REMOVE tellingUntil';

/** A UID never comes back; the next problem is news again. */
const CLOSING = {
  pod: {
    UpdateExpression: `SET told = :resolved, #expiry = :expiry REMOVE tellingUntil${CLOSED.remove}`,
    ExpressionAttributeNames: CLOSED.names,
    ExpressionAttributeValues: { ':resolved': { S: RESOLVED } },
  },
  problem: {
    UpdateExpression: `SET #expiry = :expiry REMOVE told, tellingUntil${CLOSED.remove}`,
    ExpressionAttributeNames: CLOSED.names,
  },
};

function times(now: Date) {
  const until = now.getTime() + TELLING_MS;
  return { ':now': { N: String(now.getTime()) }, ':until': { N: String(until) } };
}

async function thoseOf<T extends { id: string }>(
  items: readonly T[],
  take: (item: T) => Promise<boolean>,
): Promise<Set<string>> {
  const taken = await pMap(items, async (item) => ((await take(item)) ? [item.id] : []), {
    concurrency: CONCURRENCY,
  });
  return new Set(taken.flat());
}
