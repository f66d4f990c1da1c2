/** Telling people of an outcome: once, as long as it stays the same, and once when it is over. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import {
  endFollowUp,
  endTelling,
  endTurn,
  startFollowUp,
  startTelling,
  takeTurn,
} from './adapters/dynamodb-told.ts';
import { publish } from './adapters/sns.ts';
import { originOf } from './domain/message/origin.ts';
import { type FollowUp, followUps, type Item, newsItems, onlyNews } from './domain/news.ts';
import { makeNotification } from './domain/notification.ts';
import type { Outcome } from './domain/outcome.ts';
import type { Environment } from './environment.ts';

const logger = new Logger();

/** A turn takes as long as one publish; who waits longer tells out of turn, rather than not at all. */
const TURN_MS = 20_000;
const PAUSE_MS = 100;

interface Told {
  news: readonly Item[];
  over: readonly FollowUp[];
}

/** Publishes what of the outcome is news; of many runs with the same news, one does. */
export async function tellNews(outcome: Outcome, env: Environment): Promise<void> {
  const news = newsItems(outcome);
  const over = followUps(outcome);
  if (news.length + over.length === 0) return;
  const turn = await awaitTurn(outcome.cluster, env);
  try {
    await tellFresh(outcome, { news, over: turn ? over : [] }, env);
  } finally {
    if (turn) await giveTurn(outcome.cluster, env);
  }
}

async function tellFresh(outcome: Outcome, { news, over }: Told, env: Environment): Promise<void> {
  const fresh = await claimTelling(news, env);
  const ended = await claimFollowUp(over, env);
  if (fresh.size + ended.size === 0) return;
  const told = {
    news: news.filter(({ id }) => fresh.has(id)),
    over: over.filter(({ id }) => ended.has(id)),
  };
  await tell(onlyNews(outcome, new Set([...fresh, ...ended])), told, env);
}

/** @returns false where the table cannot be asked, or whoever had the turn does not end it */
async function awaitTurn(cluster: string, env: Environment): Promise<boolean> {
  const until = Math.min(Date.now() + TURN_MS, env.deadline.getTime());
  try {
    while (!(await takeTurn(env.claims, cluster, new Date()))) {
      if (Date.now() > until) return false;
      await sleep(PAUSE_MS * (0.5 + Math.random()));
    }
    return true;
  } catch (error) {
    logger.error('cannot take turns in telling', { cluster, error });
    return false;
  }
}

/** Told twice is better than not at all: without the table everything is news. */
async function claimTelling(items: readonly Item[], env: Environment): Promise<Set<string>> {
  try {
    return await startTelling(env.claims, items, new Date());
  } catch (error) {
    logger.error('cannot look up what was told', { error });
    return new Set(items.map(({ id }) => id));
  }
}

/** What is over stays open in the table until it was told: the next run does. */
async function claimFollowUp(items: readonly FollowUp[], env: Environment): Promise<Set<string>> {
  try {
    return await startFollowUp(env.claims, items, new Date());
  } catch (error) {
    logger.error('cannot look up what is over', { error });
    return new Set();
  }
}

/** Publishes the whole outcome to people, since one of them asked for it. */
export async function tellAll(outcome: Outcome, env: Environment): Promise<void> {
  await tell(outcome, { news: newsItems(outcome), over: [] }, env);
}

/** What could not be published stays news, for the next run. @throws SNS's errors */
async function tell(outcome: Outcome, items: Told, env: Environment): Promise<void> {
  const { topicArn } = env.settings.resources;
  let told = false;
  try {
    await publish(env.clients.sns, topicArn, makeNotification(outcome, runOrigin(env)));
    told = true;
  } finally {
    await noteTelling(items, told, env);
  }
}

async function noteTelling({ news, over }: Told, told: boolean, env: Environment): Promise<void> {
  try {
    await endTelling(env.claims, news, told, new Date());
    await endFollowUp(env.claims, over, told, new Date());
  } catch (error) {
    logger.error('cannot note what was told', { told, error });
  }
}

/** A turn that is not given back ends by itself. */
async function giveTurn(cluster: string, env: Environment): Promise<void> {
  try {
    await endTurn(env.claims, cluster, new Date());
  } catch (error) {
    logger.error('cannot end a turn in telling', { cluster, error });
  }
}

/** What the message's links are made from. */
function runOrigin({ settings, logGroup }: Environment) {
  const { resources, runbookUrl } = settings;
  const { topicArn, dashboardName: dashboard } = resources;
  return originOf({ topicArn, now: new Date(), logGroup, dashboard, runbookUrl });
}
