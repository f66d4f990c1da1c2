/** The detector: lists each cluster's pods and counts those that overstay their deletion. */
import { Logger } from '@aws-lambda-powertools/logger';
import { EKSClient } from '@aws-sdk/client-eks';
import type { Context } from 'aws-lambda';
import pMap from 'p-map';
import { explainAccess } from './access-problem.ts';
import { describeCluster, makeToken } from './adapters/eks.ts';
import { connect } from './adapters/kubernetes.ts';
import { clientConfig } from './client-config.ts';
import { readSettings } from './deployed-settings.ts';
import { overdueSeconds, type TerminatingPod } from './domain/pod.ts';
import { emitStuckPods } from './metrics.ts';

const logger = new Logger();

/** So many clusters at once: each holds a page of its list, and a dark one must not hold up the rest. */
const CLUSTERS_AT_ONCE = 5;
/** Left of the function's time for saying what went wrong. */
const RESERVE_MS = 5_000;

interface Detection {
  eks: EKSClient;
  stuckAfterSeconds: number;
  deadline: Date;
}

/** One container's handler: its AWS client is made at the first invocation, and kept. */
export function makeHandler() {
  let eks: EKSClient | undefined;
  return async (_event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => {
    const { clusters, stuckAfterSeconds } = readSettings(process.env);
    eks ??= new EKSClient(clientConfig);
    const deadline = new Date(Date.now() + context.getRemainingTimeInMillis() - RESERVE_MS);
    const detection = { eks, stuckAfterSeconds, deadline };
    await pMap(clusters, ({ name }) => detectOrLog(name, detection), {
      concurrency: CLUSTERS_AT_ONCE,
    });
  };
}

/** A cluster that cannot be listed emits nothing: its silence is what the detector's alarm watches. */
async function detectOrLog(cluster: string, detection: Detection): Promise<void> {
  try {
    const pods = await listPods(cluster, detection);
    report(cluster, pods, detection.stuckAfterSeconds);
  } catch (error) {
    const problem = explainAccess(error, cluster) ?? String(error);
    logger.error('cannot list pods', { cluster, problem, error });
  }
}

async function listPods(cluster: string, { eks, deadline }: Detection): Promise<TerminatingPod[]> {
  const endpoint = await describeCluster(eks, cluster);
  const region = process.env.AWS_REGION ?? 'us-east-1';
  const api = connect(endpoint, () => makeToken(region, cluster), { deadline });
  try {
    const { pods } = await api.listTerminating();
    return pods;
  } finally {
    await api.close();
  }
}

function report(cluster: string, pods: readonly TerminatingPod[], stuckAfter: number): void {
  const now = new Date();
  const stuck = pods
    .map((pod) => ({ pod, overdue: overdueSeconds(pod, now) }))
    .filter(({ overdue }) => overdue >= stuckAfter);
  for (const { pod, overdue } of stuck) {
    const { namespace, name, uid, node } = pod;
    logger.info('stuck', { cluster, namespace, name, uid, node, overdueSeconds: overdue });
  }
  emitStuckPods(
    cluster,
    stuck.map(({ overdue }) => overdue),
  );
}

/** Invoked by the schedule; what it is invoked with does not matter. */
export const handler = makeHandler();
