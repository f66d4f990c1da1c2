/** Logs Insights queries that a person needs at night, saved under the stack's name. */
import { Stack } from 'aws-cdk-lib';
import { QueryDefinition, QueryString } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { PodthawFunction } from './functions.ts';

/** One line a run that found something; the sweep that finds nothing is left out. */
export const runsQuery = new QueryString({
  fields: [
    '@timestamp',
    'outcome.runId',
    'outcome.cluster',
    'outcome.action',
    'outcome.trigger.kind',
    'outcome.pods.0.name',
    'outcome.pods.0.outcome',
    'outcome.summary.deleted',
    'outcome.resolvedCount',
    'outcome.problem',
  ],
  filterStatements: [
    'ispresent(outcome.pods.0.name) or ispresent(outcome.problem) or ispresent(outcome.resolvedCount)',
  ],
  sort: '@timestamp desc',
  limit: 100,
});

/** The whole story of one run; its id stands in every message and in the SSM command's comment. */
const oneRun = new QueryString({
  fields: ['@timestamp', 'level', 'message', '@message'],
  filterStatements: ['@message like "PUT-THE-RUN-ID-HERE"'],
  sort: '@timestamp asc',
  limit: 1000,
});

const errors = new QueryString({
  fields: ['@timestamp', 'level', 'message', '@message', '@logStream'],
  filterStatements: ['level in ["ERROR", "CRITICAL", "WARN"] or @message like /Task timed out/'],
  sort: '@timestamp desc',
  limit: 200,
});

const stuck = new QueryString({
  fields: ['@timestamp', 'cluster', 'namespace', 'name', 'node', 'overdueSeconds'],
  filterStatements: ['ispresent(overdueSeconds)'],
  sort: '@timestamp desc',
  limit: 200,
});

export function savedQueries(
  scope: Construct,
  detect: PodthawFunction,
  remediate: PodthawFunction,
  all: readonly PodthawFunction[],
): void {
  const save = (name: string, queryString: QueryString, of: readonly PodthawFunction[]) =>
    new QueryDefinition(scope, `Query-${name}`, {
      queryDefinitionName: `${Stack.of(scope).stackName}/${name}`,
      queryString,
      logGroups: of.map((fn) => fn.logGroup),
    });
  save('runs', runsQuery, [remediate]);
  save('one-run', oneRun, all);
  save('stuck-pods', stuck, [detect]);
  save('errors', errors, all);
}
