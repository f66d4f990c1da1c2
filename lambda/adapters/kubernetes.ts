/** The Kubernetes API, read only: which pods are being deleted, and which are gone. */
import pMap from 'p-map';
import { Agent, type Dispatcher, fetch, interceptors } from 'undici';
import * as z from 'zod';
import type { TerminatingPod } from '../domain/pod.ts';
import type { ClusterEndpoint } from './eks.ts';

export interface KubernetesApi {
  /** Terminating pods of the whole cluster, and how many nodes run pods at all. */
  listTerminating(): Promise<TerminatingList>;
  /** Of the pods' UIDs, those that are there now and terminating. */
  stillTerminating(pods: readonly TerminatingPod[]): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}

export interface TerminatingList {
  pods: TerminatingPod[];
  nodeCount: number;
}

interface PodNow {
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
const REQUEST_MS = 60_000;
/** One try: an API that accepts and then says nothing is tried again. */
const SILENCE_MS = 10_000;
/** The token may be presented for 60 s. */
const TOKEN_MS = 45_000;
const RETRIES = 4;
/** Fetching one page of a listing costs about as much as looking up so many pods. */
const LOOK_UPS_A_PAGE = 20;
const LOOK_UPS_AT_ONCE = 10;
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
    .array(z.object({ cells: z.array(z.unknown()), object: z.object({ metadata: z.unknown() }) }))
    .nullish()
    .transform((rows) => rows ?? []),
});

/** Nearly every pod of a listing is not terminating: of those nothing else is read. */
const deletionSchema = z.object({ deletionTimestamp: z.string().optional() });

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
  const agent = new Agent({
    connect: { ca: endpoint.ca, timeout: 5_000 },
    connections: LOOK_UPS_AT_ONCE,
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
  });
  const dispatcher = agent.compose(
    interceptors.retry({
      maxRetries: RETRIES,
      minTimeout: 200,
      maxTimeout: 10_000,
      throwOnError: false,
      errorCodes: TRIED_AGAIN,
    }),
  );
  const get = authorizedGet(endpoint.url, dispatcher, makeToken);
  let pages = 1;
  const list = async () => {
    const listed = await listTerminating(get);
    pages = listed.pages;
    return listed;
  };
  return {
    listTerminating: list,
    stillTerminating: (pods) =>
      pods.length > pages * LOOK_UPS_A_PAGE ? among(pods, list) : lookUp(get, pods),
    close: () => agent.close(),
  };
}

/** Beside undici's own list: an API that went silent before it answered. */
const TRIED_AGAIN = [
  'ECONNRESET',
  'ECONNREFUSED',
  'ENOTFOUND',
  'ENETDOWN',
  'ENETUNREACH',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
];

type Get = (path: string, accept: string) => Promise<{ status: number; body: unknown }>;

function authorizedGet(url: string, dispatcher: Dispatcher, makeToken: () => Promise<string>): Get {
  const token = keptToken(makeToken);
  const once = async (path: string, accept: string) => {
    const headers = {
      authorization: `Bearer ${await token.get()}`,
      accept,
      'accept-encoding': 'gzip',
    };
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
      token.drop();
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

function keptToken(makeToken: () => Promise<string>) {
  let token: Promise<string> | undefined;
  let madeAt = 0;
  return {
    get: () => {
      const now = performance.now();
      if (token === undefined || now - madeAt > TOKEN_MS) {
        token = makeToken();
        madeAt = now;
      }
      return token;
    },
    drop: () => {
      token = undefined;
    },
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

type Listing = TerminatingList & { pages: number };

async function listTerminating(get: Get): Promise<Listing> {
  for (let attempt = 1; ; attempt++) {
    const listed = await listOnce(get);
    if (listed !== 'expired') return listed;
    if (attempt === 3) throw new KubernetesError('the pod list expired three times over', 410);
  }
}

/** 410 Gone means that the continue token outlived etcd's history: the listing starts over. */
async function listOnce(get: Get): Promise<Listing | 'expired'> {
  let pages = 0;
  const pods: TerminatingPod[] = [];
  const nodes = new Set<string>();
  let next: string | undefined;
  do {
    const query = new URLSearchParams({ limit: String(PAGE), ...(next ? { continue: next } : {}) });
    const { status, body } = await get(`/api/v1/pods?${query}`, TABLE);
    if (status === 410) return 'expired';
    const table = expect(tableSchema, status, body, 'list pods');
    readRows(table, pods, nodes);
    pages += 1;
    next = table.metadata.continue;
  } while (next);
  return { pods, nodeCount: nodes.size, pages };
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
    const { deletionTimestamp } = deletionSchema.parse(object.metadata);
    if (deletionTimestamp === undefined) continue;
    pods.push({ ...metadataSchema.parse(object.metadata), deletionTimestamp, node });
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

/** Looks each pod up by its name; another UID there is another pod. */
async function lookUp(get: Get, pods: readonly TerminatingPod[]): Promise<Set<string>> {
  const isThere = async ({ namespace, name, uid }: TerminatingPod) => {
    const now = await getPod(get, namespace, name);
    return now?.uid === uid && now.terminating ? [uid] : [];
  };
  return new Set((await pMap(pods, isThere, { concurrency: LOOK_UPS_AT_ONCE })).flat());
}

/** Finds many in one fresh listing of all. */
async function among(
  pods: readonly TerminatingPod[],
  list: () => Promise<TerminatingList>,
): Promise<Set<string>> {
  const listed = new Set((await list()).pods.map(({ uid }) => uid));
  return new Set(pods.map(({ uid }) => uid).filter((uid) => listed.has(uid)));
}
