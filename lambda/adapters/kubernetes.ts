/** The Kubernetes API, read only: which pods are being deleted, and which are gone. */
import pMap from 'p-map';
import { Agent, type Dispatcher, fetch, interceptors } from 'undici';
import * as z from 'zod';
import type { TerminatingPod } from '../domain/pod.ts';
import type { ClusterEndpoint } from './eks.ts';

export interface KubernetesApi {
  /** Terminating pods of the whole cluster, and how many nodes run pods at all. */
  listTerminating(): Promise<TerminatingList>;
  /** The pod as it stands now; undefined where no pod of that name is left. */
  getPod(namespace: string, name: string): Promise<PodNow | undefined>;
  close(): Promise<void>;
}

export interface TerminatingList {
  pods: TerminatingPod[];
  nodeCount: number;
}

export interface PodNow {
  uid: string;
  terminating: boolean;
}

/** The API refused or could not be reached; `status` is HTTP's, where there was an answer. */
export class KubernetesError extends Error {
  override name = 'KubernetesError';
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** Pods a page: about 1.5 MB as a Table with metadata. */
const PAGE = 500;
/** One request with its retries; a page of a large cluster takes a few seconds at most. */
const REQUEST_MS = 30_000;
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

const metadataSchema = z.object({
  uid: z.string(),
  namespace: z.string(),
  name: z.string(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
  finalizers: z.array(z.string()).default([]),
});

const tableSchema = z.object({
  metadata: z.object({ continue: z.string().optional() }),
  columnDefinitions: z.array(z.object({ name: z.string() })).default([]),
  rows: z
    .array(
      z.object({ cells: z.array(z.unknown()), object: z.object({ metadata: metadataSchema }) }),
    )
    .nullish()
    .transform((rows) => rows ?? []),
});

const podSchema = z.object({ metadata: metadataSchema });

/**
 * Opens a cluster's API: TLS with the cluster's own CA, gzip, time limits, retries of 429 and 5xx
 * that heed Retry-After.
 *
 * @param makeToken called for each connection and again after a 401: tokens last 60 s
 */
export function connect(
  endpoint: ClusterEndpoint,
  makeToken: () => Promise<string>,
): KubernetesApi {
  const agent = new Agent({ connect: { ca: endpoint.ca, timeout: 5_000 }, connections: 10 });
  const dispatcher = agent.compose(
    interceptors.retry({ maxRetries: 4, minTimeout: 200, maxTimeout: 10_000, throwOnError: false }),
  );
  const get = authorizedGet(endpoint.url, dispatcher, makeToken);
  return {
    listTerminating: () => listTerminating(get),
    getPod: (namespace, name) => getPod(get, namespace, name),
    close: () => agent.close(),
  };
}

type Get = (path: string, accept: string) => Promise<{ status: number; body: unknown }>;

function authorizedGet(url: string, dispatcher: Dispatcher, makeToken: () => Promise<string>): Get {
  let token: Promise<string> | undefined;
  const once = async (path: string, accept: string) => {
    token ??= makeToken();
    const headers = { authorization: `Bearer ${await token}`, accept, 'accept-encoding': 'gzip' };
    const response = await fetch(new URL(path, url), {
      dispatcher,
      headers,
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    return { status: response.status, body: parseBody(await response.text()) };
  };
  return async (path, accept) => {
    try {
      const answer = await once(path, accept);
      if (answer.status !== 401) return answer;
      token = undefined;
      return await once(path, accept);
    } catch (error) {
      throw new KubernetesError(
        `no answer from the Kubernetes API: ${reasonOf(error)}`,
        undefined,
        {
          cause: error,
        },
      );
    }
  };
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch says only "fetch failed"; what failed is its cause.
  if (error.cause instanceof Error) return reasonOf(error.cause);
  const code = 'code' in error ? ` (${String(error.code)})` : '';
  return `${error.message || error.name}${code}`;
}

async function listTerminating(get: Get): Promise<TerminatingList> {
  for (let attempt = 1; ; attempt++) {
    const listed = await listOnce(get);
    if (listed !== 'expired') return listed;
    if (attempt === 3) throw new KubernetesError('the pod list expired three times over', 410);
  }
}

/** 410 Gone means that the continue token outlived etcd's history: the listing starts over. */
async function listOnce(get: Get): Promise<TerminatingList | 'expired'> {
  const pods: TerminatingPod[] = [];
  const nodes = new Set<string>();
  let next: string | undefined;
  do {
    const query = new URLSearchParams({ limit: String(PAGE), ...(next ? { continue: next } : {}) });
    const { status, body } = await get(`/api/v1/pods?${query}`, TABLE);
    if (status === 410) return 'expired';
    const table = expect(tableSchema, status, body, 'list pods');
    readRows(table, pods, nodes);
    next = table.metadata.continue;
  } while (next);
  return { pods, nodeCount: nodes.size };
}

function readRows(
  table: z.infer<typeof tableSchema>,
  pods: TerminatingPod[],
  nodes: Set<string>,
): void {
  const nodeColumn = table.columnDefinitions.findIndex(({ name }) => name === 'Node');
  for (const { cells, object } of table.rows) {
    const cell = cells[nodeColumn];
    const node = typeof cell === 'string' && cell !== '' && cell !== '<none>' ? cell : undefined;
    if (node !== undefined) nodes.add(node);
    const { deletionTimestamp, ...metadata } = object.metadata;
    if (deletionTimestamp !== undefined) pods.push({ ...metadata, deletionTimestamp, node });
  }
}

async function getPod(get: Get, namespace: string, name: string): Promise<PodNow | undefined> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
  const accept = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
  const { status, body } = await get(path, accept);
  if (status === 404) return undefined;
  const { metadata } = expect(podSchema, status, body, `get pod ${namespace}/${name}`);
  return { uid: metadata.uid, terminating: metadata.deletionTimestamp !== undefined };
}

function expect<T extends z.ZodType>(schema: T, status: number, body: unknown, what: string) {
  if (status !== 200) {
    throw new KubernetesError(`${what}: HTTP ${status}: ${messageOf(body)}`, status);
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new KubernetesError(`${what}: an answer of no known shape`, status, {
    cause: parsed.error,
  });
}

function messageOf(body: unknown): string {
  const status = z.object({ message: z.string() }).safeParse(body);
  return (status.success ? status.data.message : String(body)).slice(0, 300);
}

/** Looks each pod up by name, ten at a time. */
export async function lookUp(
  api: Pick<KubernetesApi, 'getPod'>,
  pods: readonly TerminatingPod[],
): Promise<Map<TerminatingPod, PodNow | undefined>> {
  const found = await pMap(
    pods,
    async (pod) => [pod, await api.getPod(pod.namespace, pod.name)] as const,
    { concurrency: 10 },
  );
  return new Map(found);
}
