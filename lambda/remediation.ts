/** A remediation: which clusters an event is about, a run for each, and who hears of it. */
import { Logger } from '@aws-lambda-powertools/logger';
import { explainAccess } from './access-problem.ts';
import type { Outcome } from './domain/outcome.ts';
import type { Selection } from './domain/selection.ts';
import type { Cluster } from './domain/settings.ts';
import { parseTrigger, type Trigger, TriggerError } from './domain/trigger.ts';
import type { Environment } from './environment.ts';
import { emitOutcome } from './metrics.ts';
import { connectPorts, nodePorts } from './ports.ts';
import { makeOutcome, type RunContext, run } from './run.ts';
import { sweepInstances } from './sweep.ts';
import { tellAll, tellNews } from './telling.ts';

const logger = new Logger();

/** @throws TriggerError where the event makes no sense; nothing was sent then */
export async function remediate(event: unknown, env: Environment): Promise<Outcome | Outcome[]> {
  const trigger = parseTrigger(event);
  logger.info('triggered', { runId: env.runId, trigger });
  const clusters = clustersOf(trigger, env.settings.clusters);
  const outcomes = await remediateAll(clusters, trigger, env);
  const [only] = outcomes;
  return outcomes.length === 1 && only !== undefined ? only : outcomes;
}

/** One cluster after the other; a fault at one keeps none of the others from its turn. @throws it then */
async function remediateAll(
  clusters: readonly Cluster[],
  trigger: Trigger,
  env: Environment,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const faults: unknown[] = [];
  for (const cluster of clusters) {
    const context = runContext(trigger, cluster, env);
    try {
      outcomes.push(
        isQuiet(trigger) ? makeOutcome(context, []) : await remediateCluster(trigger, context, env),
      );
    } catch (error) {
      logger.error('run failed', { cluster: cluster.name, error });
      faults.push(error);
    }
  }
  if (faults.length > 1) throw new AggregateError(faults, `${faults.length} clusters' runs failed`);
  if (faults.length === 1) throw faults[0];
  return outcomes;
}

/** Only ALARM acts; OK and INSUFFICIENT_DATA end quietly. */
function isQuiet(trigger: Trigger): boolean {
  return trigger.kind === 'alarm' && trigger.state !== 'ALARM';
}

async function remediateCluster(
  trigger: Trigger,
  context: RunContext,
  env: Environment,
): Promise<Outcome> {
  const outcome = await runOrExplain(trigger, context, env);
  logger.info('outcome', { outcome });
  emitOutcome(outcome);
  if (trigger.kind !== 'manual') await tellNews(outcome, env);
  else if (trigger.request.notify) await tellAll(outcome, env);
  return outcome;
}

async function runOrExplain(
  trigger: Trigger,
  context: RunContext,
  env: Environment,
): Promise<Outcome> {
  // Only a request by hand has the field: no alarm leads here.
  if (trigger.kind === 'manual' && trigger.request.withoutApi) {
    return sweepInstances(trigger.request.instanceIds ?? [], context, nodePorts(env));
  }
  try {
    return await runOnCluster(context, env);
  } catch (error) {
    const problem = explainAccess(error, context.cluster.name);
    if (problem === undefined) throw error;
    logger.error('no access', { cluster: context.cluster.name, problem, error });
    return makeOutcome(context, [], problem);
  }
}

async function runOnCluster(context: RunContext, env: Environment): Promise<Outcome> {
  const { ports, close } = await connectPorts(context.cluster.name, env);
  try {
    return await run(context, ports);
  } finally {
    await close();
  }
}

function runContext(trigger: Trigger, cluster: Cluster, env: Environment): RunContext {
  return {
    runId: env.runId,
    cluster,
    action: trigger.kind === 'manual' ? trigger.request.action : 'thaw',
    trigger: { kind: trigger.kind, ...(trigger.kind === 'alarm' ? { name: trigger.name } : {}) },
    selection: selectionOf(trigger),
    settings: env.settings,
    startedAt: new Date(),
    deadline: env.deadline,
  };
}

function selectionOf(trigger: Trigger): Selection {
  switch (trigger.kind) {
    case 'alarm':
      return { by: 'scope', scope: trigger.scope };
    case 'schedule':
      return { by: 'stuck' };
    case 'manual':
      return { by: 'request', request: trigger.request };
    default:
      return trigger satisfies never;
  }
}

/** The cluster that the trigger names; with none named, the one there is, or all on the schedule. */
function clustersOf(trigger: Trigger, clusters: readonly Cluster[]): readonly Cluster[] {
  const name = trigger.kind === 'schedule' ? undefined : clusterName(trigger);
  if (name === undefined) {
    if (trigger.kind !== 'manual' || clusters.length === 1) return clusters;
    throw new TriggerError(`cluster: missing; expected one of ${namesOf(clusters)}`);
  }
  const named = clusters.filter((cluster) => cluster.name === name);
  if (named.length > 0) return named;
  throw new TriggerError(`cluster: got "${name}", expected one of ${namesOf(clusters)}`);
}

function clusterName(trigger: Exclude<Trigger, { kind: 'schedule' }>): string | undefined {
  return trigger.kind === 'alarm' ? trigger.scope.cluster : trigger.request.cluster;
}

function namesOf(clusters: readonly Cluster[]): string {
  return clusters.map(({ name }) => name).join(', ');
}
