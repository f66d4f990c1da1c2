import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClaimsTable, readItems } from '../../../lambda/adapters/dynamodb.ts';
import { readClaims, settleClaims, takeClaims } from '../../../lambda/adapters/dynamodb-claims.ts';
import { endTelling, startTelling } from '../../../lambda/adapters/dynamodb-told.ts';
import { MAX_ATTEMPTS } from '../../../lambda/domain/claim.ts';
import { claimsTableKeys } from '../../../lambda/domain/settings.ts';
import { type DynamoDbEndpoint, startDynamoDb } from '../../../local/endpoints/dynamodb.ts';
import { throttled } from '../../../local/endpoints/faults.ts';
import { clientOptions } from '../../local/endpoints/clients.ts';

let dynamodb: DynamoDbEndpoint;
let client: DynamoDBClient;
beforeAll(async () => {
  dynamodb = await startDynamoDb();
  await dynamodb.createTable('claims', { partitionKey: claimsTableKeys.partition });
  client = new DynamoDBClient({ ...clientOptions(dynamodb), maxAttempts: 5 });
});
afterAll(async () => {
  client.destroy();
  await dynamodb.close();
});

const NOW = new Date('2026-11-24T03:00:00Z');
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);
const until = later(360).getTime();
const table = (invocation: string): ClaimsTable => ({
  client,
  name: 'claims',
  claimant: { runId: `run-${invocation}`, invocation },
});
const take = (who: string, ids: string[], now = NOW) =>
  takeClaims(table(who), ids, { now, until: now.getTime() + 360_000 });
const settle = (who: string, id: string, attempted: boolean, now = NOW) =>
  settleClaims(
    table(who),
    [{ id, uid: id, attempted, last: { outcome: 'thawed', reason: 'because' } }],
    { now, until: now.getTime() + 300_000 },
  );
const claimOf = async (id: string) => (await readClaims(table('x'), [id])).get(id);
const writes = () => dynamodb.calls.get('UpdateItem') ?? 0;

let names = 0;
/** An id that no other test uses. */
const fresh = () => {
  names += 1;
  return `cluster/pod-${names}`;
};

describe('claims', () => {
  test('of many invocations at once, one gets each', async () => {
    const ids = [fresh(), fresh(), fresh()];
    const all = Array.from({ length: 30 }, (_, n) => take(`copy-${n}`, ids));
    const taken = (await Promise.all(all)).flatMap((set) => [...set]);
    expect(taken.sort()).toEqual(ids.toSorted());
  });

  test('a call that is repeated, since its answer was lost, has won and counts once', async () => {
    const id = fresh();
    expect([...(await take('a', [id]))]).toEqual([id]);
    expect([...(await take('a', [id]))]).toEqual([id]);
    expect(await claimOf(id)).toMatchObject({ attempts: 1, notBefore: until, runId: 'run-a' });
    expect([...(await take('b', [id]))]).toEqual([]);
  });

  test('what never reached the node is no attempt', async () => {
    const id = fresh();
    await take('a', [id]);
    await settle('a', id, false);
    expect(await claimOf(id)).toMatchObject({ attempts: 0, last: { outcome: 'thawed' } });
  });

  test('one that another has taken over is not settled by the first', async () => {
    const id = fresh();
    await take('slow', [id]);
    await take('next', [id], later(361));
    await settle('slow', id, false, later(362));
    expect(await claimOf(id)).toMatchObject({ attempts: 2, runId: 'run-next' });
  });

  test('whatever the order: never two holders, never more than three attempts', async () => {
    const step = fc.record({ who: fc.constantFrom('a', 'b'), wait: fc.nat({ max: 700 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const id = fresh();
        let clock = 0;
        let free = 0;
        let attempts = 0;
        for (const [nth, { who, wait }] of steps.entries()) {
          clock += wait;
          const got = await take(`${who}-${nth}`, [id], later(clock));
          const expected = clock >= free && attempts < MAX_ATTEMPTS;
          expect(got.has(id)).toBe(expected);
          if (!expected) continue;
          attempts += 1;
          free = clock + 360;
        }
        expect((await claimOf(id))?.attempts ?? 0).toBe(attempts);
      }),
      { numRuns: 25 },
    );
  });
});

describe('telling', () => {
  const item = (id: string, fingerprint: string) => ({ id, fingerprint, cluster: 'prod' });

  test('of many runs with the same news, one tells', async () => {
    const news = [item(fresh(), 'held paused')];
    const all = Array.from({ length: 20 }, (_, n) => startTelling(table(`t-${n}`), news, NOW));
    expect((await Promise.all(all)).filter(({ size }) => size > 0)).toHaveLength(1);
  });

  test('what was told costs no write, and is news once it changes', async () => {
    const id = fresh();
    await startTelling(table('a'), [item(id, 'held')], NOW);
    await endTelling(table('a'), [item(id, 'held')], true, NOW);
    const before = writes();
    expect([...(await startTelling(table('b'), [item(id, 'held')], later(300)))]).toEqual([]);
    expect(writes()).toBe(before);
    expect([...(await startTelling(table('b'), [item(id, 'failed')], later(301)))]).toEqual([id]);
  });

  test('a telling that was begun and never ended is the next one’s after a minute', async () => {
    const news = [item(fresh(), 'held')];
    await startTelling(table('killed'), news, NOW);
    expect((await startTelling(table('b'), news, later(59))).size).toBe(0);
    expect((await startTelling(table('b'), news, later(60))).size).toBe(1);
  });

  test('who holds the claim tells, without another write; once it is given back, anybody', async () => {
    const id = fresh();
    await take('a', [id]);
    const before = writes();
    expect((await startTelling(table('a'), [item(id, 'deleted')], NOW)).size).toBe(1);
    expect(writes()).toBe(before);
    await settle('a', id, true);
    expect((await startTelling(table('b'), [item(id, 'thawed')], NOW)).size).toBe(1);
    expect((await startTelling(table('a'), [item(id, 'thawed')], NOW)).size).toBe(0);
  });

  test('the same id twice is read once', async () => {
    const id = fresh();
    const told = await startTelling(table('a'), [item(id, 'held'), item(id, 'held')], NOW);
    expect([...told]).toEqual([id]);
  });
});

test('more than one batch is read, and what throttling left over', async () => {
  const ids = Array.from({ length: 230 }, fresh);
  await take('a', ids);
  dynamodb.faults.next('BatchGetItem', throttled('ProvisionedThroughputExceededException'));
  expect(await readItems(table('a'), ids)).toHaveLength(230);
});
