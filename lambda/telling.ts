/** Telling people of an outcome: once, as long as it stays the same. */
import { Logger } from '@aws-lambda-powertools/logger';
import { endTelling, forget, startTelling } from './adapters/dynamodb.ts';
import { publish } from './adapters/sns.ts';
import { originOf } from './domain/message/origin.ts';
import { type Item, newsItems, onlyNews, problemItemId } from './domain/news.ts';
import { makeNotification } from './domain/notification.ts';
import type { Outcome } from './domain/outcome.ts';
import type { Environment } from './environment.ts';

const logger = new Logger();

/** Publishes what of the outcome is news; of many runs with the same news, one does. */
export async function tellNews(outcome: Outcome, env: Environment): Promise<void> {
  if (outcome.problem === undefined) await endProblem(outcome.cluster, env);
  const items = newsItems(outcome);
  const fresh = await claimTelling(items, env);
  if (fresh.size === 0) return;
  const told = items.filter(({ id }) => fresh.has(id));
  await tell(onlyNews(outcome, fresh), told, env);
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

/** Publishes the whole outcome to people, since one of them asked for it. */
export async function tellAll(outcome: Outcome, env: Environment): Promise<void> {
  await tell(outcome, newsItems(outcome), env);
}

/** What could not be published stays news, for the next run. @throws SNS's errors */
async function tell(outcome: Outcome, items: readonly Item[], env: Environment): Promise<void> {
  const { topicArn } = env.settings.resources;
  let told = false;
  try {
    await publish(env.clients.sns, topicArn, makeNotification(outcome, runOrigin(env)));
    told = true;
  } finally {
    await noteTelling(items, told, env);
  }
}

async function noteTelling(items: readonly Item[], told: boolean, env: Environment): Promise<void> {
  try {
    await endTelling(env.claims, items, told, new Date());
  } catch (error) {
    logger.error('cannot note what was told', { told, error });
  }
}

/** The next problem is news again. */
async function endProblem(cluster: string, env: Environment): Promise<void> {
  try {
    await forget(env.claims, problemItemId(cluster));
  } catch (error) {
    logger.error('cannot forget an old problem', { cluster, error });
  }
}

/** What the message's links are made from. */
function runOrigin({ settings, logGroup }: Environment) {
  const { resources, runbookUrl } = settings;
  const { topicArn, dashboardName: dashboard } = resources;
  return originOf({ topicArn, now: new Date(), logGroup, dashboard, runbookUrl });
}
