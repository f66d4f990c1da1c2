/** DynamoDB: the sparse index of what people were told and is not over, by cluster. */
import { type DynamoDBClient, paginateQuery } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import type { Item } from '../domain/news.ts';
import type { OpenItem } from '../domain/open-item.ts';
import { openSchema } from '../domain/outcome.ts';
import { claimsTableKeys } from '../domain/settings.ts';
import type { ClaimsTable } from './dynamodb.ts';

const { openIndex, openIn, openSince, open } = claimsTableKeys;

const itemSchema = z.object({
  [openSince]: z.object({ N: z.string() }).transform(({ N }) => Number(N)),
  [open]: z
    .object({ S: z.string() })
    .transform(({ S }): unknown => JSON.parse(S))
    .pipe(openSchema),
});

/** What people were told of a cluster and is not over: one cheap query where there is nothing. */
export async function readOpen(
  { client, name }: ClaimsTable,
  cluster: string,
): Promise<OpenItem[]> {
  const items: OpenItem[] = [];
  for await (const page of openPages(client, name, cluster)) {
    for (const item of page.Items ?? []) {
      const parsed = itemSchema.parse(item);
      items.push({ open: parsed[open], since: parsed[openSince] });
    }
  }
  return items;
}

function openPages(client: DynamoDBClient, name: string, cluster: string) {
  return paginateQuery(
    { client },
    {
      TableName: name,
      IndexName: openIndex,
      KeyConditionExpression: '#openIn = :cluster',
      ExpressionAttributeNames: { '#openIn': openIn },
      ExpressionAttributeValues: { ':cluster': { S: cluster } },
    },
  );
}

/** How an update puts an item into the index. */
export function openMark(item: Item, now: Date) {
  if (item.open === undefined) return UNMARKED;
  return {
    set: `, #openIn = :cluster, ${openSince} = if_not_exists(${openSince}, :since), #open = :open`,
    remove: '',
    names: CLOSED.names,
    values: {
      ':cluster': { S: item.cluster },
      ':since': { N: String(now.getTime()) },
      ':open': { S: JSON.stringify(item.open) },
    },
  };
}

/** Leaves an item in the index or out of it, as it is. */
const UNMARKED = { set: '', remove: '', names: {}, values: {} };

/** Takes an item out of the index. */
export const CLOSED = {
  set: '',
  remove: `, #openIn, ${openSince}, #open`,
  names: { '#openIn': openIn, '#open': open },
  values: {},
};
