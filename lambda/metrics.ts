/** podthaw's metrics, as DESIGN agrees them: dimension `cluster`, for outcomes also `outcome`. */
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Outcome } from './domain/outcome.ts';

const NAMESPACE = 'Podthaw';

/** After a complete listing only: no data is what tells that nobody looks. */
export function emitStuckPods(cluster: string, overdueSeconds: readonly number[]): void {
  const metrics = metricsOf({ cluster });
  metrics.addMetric('StuckPods', MetricUnit.Count, overdueSeconds.length);
  metrics.addMetric(
    'OldestStuckSeconds',
    MetricUnit.Seconds,
    overdueSeconds.reduce((a, b) => Math.max(a, b), 0),
  );
  metrics.publishStoredMetrics();
}

/** How many pods came to each outcome, and how long those that went took. */
export function emitOutcome({ cluster, pods, summary }: Outcome): void {
  for (const [outcome, count] of Object.entries(summary)) {
    emitOutcomes(cluster, outcome, count);
  }
  const metrics = metricsOf({ cluster });
  const seconds = pods.flatMap(({ secondsToGone }) => secondsToGone ?? []);
  for (const each of seconds) metrics.addMetric('SecondsToGone', MetricUnit.Seconds, each);
  // Powertools has published every full hundred by itself.
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
}

function emitOutcomes(cluster: string, outcome: string, count: number): void {
  const metrics = metricsOf({ cluster, outcome });
  metrics.addMetric('Outcomes', MetricUnit.Count, count);
  metrics.publishStoredMetrics();
}

/** Powertools adds a dimension `service` of its own, which would make other metrics of these. */
function metricsOf(dimensions: Record<string, string>): Metrics {
  const metrics = new Metrics({ namespace: NAMESPACE });
  metrics.clearDefaultDimensions();
  metrics.addDimensions(dimensions);
  return metrics;
}
