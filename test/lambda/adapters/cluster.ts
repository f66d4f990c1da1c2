/** A loopback cluster, and podthaw's own way into it: its tokens, its adapter. */
import { onTestFinished, vi } from 'vitest';
import { makeToken } from '../../../lambda/adapters/eks.ts';
import { connect, type KubernetesApi } from '../../../lambda/adapters/kubernetes.ts';
import type {
  ConnectionLimits,
  ConnectionOptions,
} from '../../../lambda/adapters/kubernetes-connection.ts';
import type { TerminatingPod } from '../../../lambda/domain/pod.ts';
import {
  type KubernetesEndpoint,
  type KubernetesOptions,
  startKubernetes,
} from '../../../local/endpoints/kubernetes.ts';
import type { Pod } from '../../../local/endpoints/pod.ts';
import { credentials } from '../../local/endpoints/clients.ts';

const CLUSTER = 'prod';
const REGION = 'eu-central-1';

/** As patient as a test can be. */
export const QUICK = { connectMs: 2_000, silenceMs: 900, requestMs: 20_000, tries: 5, pauseMs: 1 };

/** Starts a cluster that closes with the test. */
export async function startCluster(
  options: Partial<KubernetesOptions> = {},
): Promise<KubernetesEndpoint> {
  const kubernetes = await startKubernetes({ clusterName: CLUSTER, credentials, ...options });
  onTestFinished(() => kubernetes.close());
  return kubernetes;
}

interface Way extends ConnectionOptions {
  ca?: string;
  limits?: Partial<ConnectionLimits>;
  /** The cluster that the nth token is for: of another one, it is refused. */
  clusterOf?: (nth: number) => string;
}

export interface Access extends KubernetesApi {
  /** Tokens made so far. */
  tokens: () => number;
}

/** Opens a cluster's API with real tokens; it closes with the test. */
export function open(
  { url, caPem }: { url: string; caPem: string },
  { ca = caPem, clusterOf = () => CLUSTER, limits, ...options }: Way = {},
): Access {
  vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
  vi.stubEnv('AWS_SESSION_TOKEN', undefined);
  let made = 0;
  const token = async () => {
    made += 1;
    return makeToken(REGION, clusterOf(made));
  };
  const api = connect({ url, ca }, token, { ...options, limits: { ...QUICK, ...limits } });
  onTestFinished(async () => {
    await api.close();
    vi.unstubAllEnvs();
  });
  return { ...api, tokens: () => made };
}

export function podOf(
  name: string,
  { metadata, node }: { metadata?: Partial<Pod['metadata']>; node?: string } = {},
): Pod {
  return {
    metadata: { name, namespace: 'shop', uid: `uid-of-${name}`, ...metadata },
    spec: { nodeName: node ?? 'ip-10-0-1-5.eu-central-1.compute.internal' },
  };
}

export const OVERDUE = '2026-11-23T19:00:00Z';

export function stuck(name: string, metadata: Partial<Pod['metadata']> = {}): Pod {
  return podOf(name, { metadata: { deletionTimestamp: OVERDUE, ...metadata } });
}

/** The pod as a listing has it. */
export function listed({ metadata, spec }: Pod): TerminatingPod {
  return {
    uid: metadata.uid,
    namespace: metadata.namespace,
    name: metadata.name,
    node: spec?.nodeName,
    deletionTimestamp: metadata.deletionTimestamp ?? '',
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    finalizers: metadata.finalizers ?? [],
  };
}

/** `count` pods that nobody deletes, but for these. */
export function crowd(count: number, terminating: readonly number[] = []) {
  const at = (index: number) => {
    const name = `made-${String(index).padStart(6, '0')}`;
    const pod = terminating.includes(index) ? stuck(name) : podOf(name);
    return { ...pod, spec: { nodeName: `node-${index % 7}` } };
  };
  return { count, at };
}
