/** What was told and what is open, on a real table: who tells, who closes, what comes too late. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ClaimsTable } from '../../../lambda/adapters/dynamodb.ts';
import { settleClaims, takeClaims } from '../../../lambda/adapters/dynamodb-claims.ts';
import { readOpen } from '../../../lambda/adapters/dynamodb-open.ts';
import {
  endFollowUp,
  endTelling,
  startFollowUp,
  startTelling,
  takeTurn,
} from '../../../lambda/adapters/dynamodb-told.ts';
import { followUps, newsItems } from '../../../lambda/domain/news.ts';
import { type DynamoDbEndpoint, startDynamoDb } from '../../../local/endpoints/dynamodb.ts';
import { synthesizedTable } from '../../../local/synthesized-document.ts';
import { clientOptions } from '../../local/endpoints/clients.ts';
import { shopSettings } from '../../pipeline/shop.ts';
import {
  goneSample,
  resolvedOutcome,
  sampleOutcome,
  samplePod,
} from '../domain/message/samples.ts';

const NOW = new Date('2026-11-23T03:04:05Z');
const later = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);
const held = (n = 0) => newsItems(sampleOutcome([samplePod('held', undefined, n)]));
const gone = (n = 0) => followUps(resolvedOutcome([goneSample('held', undefined, n)]));

let dynamodb: DynamoDbEndpoint;
let table: ClaimsTable;

beforeEach(async () => {
  dynamodb = await startDynamoDb();
  await dynamodb.createTable('claims', { cloudFormation: synthesizedTable(shopSettings()) });
  table = {
    client: new DynamoDBClient(clientOptions(dynamodb)),
    name: 'claims',
    claimant: { runId: 'r', invocation: 'i' },
  };
});
afterEach(async () => {
  table.client.destroy();
  await dynamodb.close();
});

async function tellHeld(): Promise<void> {
  await startTelling(table, held(), NOW);
  await endTelling(table, held(), true, NOW);
}

test('what was told is open in its cluster, and in no other, until its end was told', async () => {
  await tellHeld();
  expect(await readOpen(table, 'stage')).toEqual([]);
  expect(await readOpen(table, 'prod')).toEqual([
    { since: NOW.getTime(), open: expect.objectContaining({ name: 'cart-0', outcome: 'held' }) },
  ]);
  expect(await startFollowUp(table, gone(), later(9))).toEqual(new Set([gone()[0]?.id]));
  await endFollowUp(table, gone(), true, later(9));
  expect(await readOpen(table, 'prod')).toEqual([]);
  expect((await startFollowUp(table, gone(), later(20))).size).toBe(0);
});

test('every page of many is read', async () => {
  const pods = Array.from({ length: 3_500 }, (_, n) => ({
    ...samplePod('held', undefined, n),
    node: `node-${n}-${'x'.repeat(200)}`,
  }));
  await endTelling(table, newsItems(sampleOutcome(pods)), true, NOW);
  expect(await readOpen(table, 'prod')).toHaveLength(3_500);
  expect(dynamodb.calls.get('Query')).toBeGreaterThan(1);
}, 60_000);

test('news that comes after the end was told is none, and opens nothing', async () => {
  await tellHeld();
  await startFollowUp(table, gone(), later(9));
  await endFollowUp(table, gone(), true, later(9));
  const freed = newsItems(sampleOutcome([samplePod('deleted', 'paused')]));
  expect((await startTelling(table, freed, later(10))).size).toBe(0);
  expect((await startTelling(table, held(), later(10))).size).toBe(0);
  await endTelling(table, held(), true, later(10));
  expect(await readOpen(table, 'prod')).toEqual([]);
});

test('a run that has the pod’s claim tells what becomes of it, as long as the claim lasts', async () => {
  await tellHeld();
  const [item] = held();
  const until = later(15).getTime();
  await takeClaims(table, [item?.id ?? ''], { now: later(5), until });
  expect((await startFollowUp(table, gone(), later(9))).size).toBe(0);
  expect((await startFollowUp(table, gone(), later(16))).size).toBe(1);
});

test('so does the run that has freed it and given it back, unless it is killed before', async () => {
  await tellHeld();
  const [{ id } = { id: '' }] = held();
  await takeClaims(table, [id], { now: later(5), until: later(15).getTime() });
  const last = { outcome: 'deleted' as const, reason: 'gone' };
  const times = { now: later(6), until: later(11).getTime() };
  await settleClaims(table, [{ id, uid: '', attempted: true, last }], times);
  expect((await startFollowUp(table, gone(), later(7))).size).toBe(0);
  expect((await startFollowUp(table, gone(), later(12))).size).toBe(1);
});

test('one has the turn, until it ends or a minute has passed', async () => {
  const turns = await Promise.all(Array.from({ length: 20 }, () => takeTurn(table, 'prod', NOW)));
  expect(turns.filter(Boolean)).toHaveLength(1);
  expect(await takeTurn(table, 'stage', NOW)).toBe(true);
  expect(await takeTurn(table, 'prod', later(2))).toBe(true);
});
