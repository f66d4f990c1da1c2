/** The detector: lists each cluster's pods and counts those that overstay their deletion. */
import { Logger } from '@aws-lambda-powertools/logger';
import { EKSClient } from '@aws-sdk/client-eks';
import { explainAccess } from './access-problem.ts';
import { describeCluster, makeToken } from './adapters/eks.ts';
import { connect } from './adapters/kubernetes.ts';
import { readSettings } from './deployed-settings.ts';
import { overdueSeconds, type TerminatingPod } from './domain/pod.ts';
import { emitStuckPods } from './metrics.ts';

const logger = new Logger();

/** One container's handler: its AWS client is made at the first invocation, and kept. */
export function makeHandler() {
  let eks: EKSClient | undefined;
  return async (): Promise<void> => {
    const { clusters, stuckAfterSeconds } = readSettings(process.env);
    eks ??= new EKSClient({ maxAttempts: 8 });
    for (const { name } of clusters) await detectOrLog(name, stuckAfterSeconds, eks);
  };
}

/** A cluster that cannot be listed emits nothing: its silence is what the detector's alarm watches. */
async function detectOrLog(cluster: string, stuckAfter: number, eks: EKSClient): Promise<void> {
  try {
    await detect(cluster, stuckAfter, eks);
  } catch (error) {
    const problem = explainAccess(error, cluster) ?? String(error);
    logger.error('cannot list pods', { cluster, problem, error });
  }
}

async function detect(cluster: string, stuckAfter: number, eks: EKSClient): Promise<void> {
  const endpoint = await describeCluster(eks, cluster);
  const region = process.env.AWS_REGION ?? 'us-east-1';
  const api = connect(endpoint, () => makeToken(region, cluster));
  try {
    const { pods } = await api.listTerminating();
    report(cluster, pods, stuckAfter);
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
