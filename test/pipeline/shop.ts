/** A cluster of one node and one stuck pod, for tests of the whole way. */
import './quiet.ts';
import { onTestFinished } from 'vitest';
import type { Outcome } from '../../lambda/domain/outcome.ts';
import { parseSettings, type SettingsInput } from '../../lambda/domain/settings.ts';
import { stuckPodsAlarm } from '../../local/alarm-event.ts';
import { type Pipeline, type PipelineOptions, startPipeline } from '../../local/pipeline.ts';

export const CLUSTER = 'shop-cluster';
export const NODE = 'ip-10-0-1-5.eu-central-1.compute.internal';
export const INSTANCE = 'i-0123456789abcdef0';
export const TAGS = { [`kubernetes.io/cluster/${CLUSTER}`]: 'owned' };
export const alarm = () => stuckPodsAlarm(CLUSTER, new Date());

type Node = PipelineOptions['nodes'][number];

export interface ShopOptions extends Omit<PipelineOptions, 'settings' | 'nodes'> {
  settings?: Partial<SettingsInput>;
  node?: Partial<Node>;
  nodes?: Node[];
}

/** Windows as short as they can be; whatever a test does not say is as deployed. */
export function shopSettings(settings: Partial<SettingsInput> = {}) {
  return parseSettings({
    mode: 'thaw',
    clusters: [{ name: CLUSTER }],
    settleSeconds: 1,
    waitSeconds: 3,
    confirmSeconds: 5,
    ...settings,
  });
}

/** Starts the pipeline; it is closed with the test. */
export async function startShop({ settings, node, nodes, ...options }: ShopOptions = {}) {
  const pipeline = await startPipeline({
    settings: shopSettings(settings),
    nodes: nodes ?? [{ instanceId: INSTANCE, privateDnsName: NODE, tags: TAGS, ...node }],
    ...options,
  });
  onTestFinished(() => pipeline.close());
  return pipeline;
}

interface StuckPod {
  uid: string;
  name?: string;
  node?: string;
  overdueSeconds?: number;
  goneWhen?: () => Promise<boolean> | boolean;
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
}

/** Puts a pod that overstays its deletion into the cluster. */
export function addStuckPod(pipeline: Pipeline, pod: StuckPod): void {
  const { uid, name = 'cart-0', node = NODE, overdueSeconds = 300, goneWhen, metadata } = pod;
  const deletionTimestamp = new Date(Date.now() - overdueSeconds * 1000).toISOString();
  pipeline.kubernetes.pods.add(
    {
      metadata: { namespace: 'shop', name, uid, deletionTimestamp, ...metadata },
      spec: { nodeName: node },
    },
    goneWhen ? { goneWhen } : {},
  );
}

/** The outcome of the one cluster there is. */
export function only(outcome: Outcome | Outcome[]): Outcome {
  if (!Array.isArray(outcome)) return outcome;
  throw new Error(`${outcome.length} outcomes, expected one`);
}

/** How often an operation of SSM was called. */
export const sent = ({ ssm }: Pipeline) => ssm.calls.get('SendCommand') ?? 0;
