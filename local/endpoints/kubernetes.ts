/** A Kubernetes API on loopback, over TLS: pods as lists, tables and single objects. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import * as z from 'zod';
import { type Certificates, makeCertificates } from './certificates.ts';
import { type Credentials, faultOfToken } from './eks-token.ts';
import { type Fault, failing } from './faults.ts';
import type { Pod } from './pod.ts';
import { continueToken, positionOf, routeOf, selectionOf, wantsTable } from './pod-query.ts';
import { type GeneratedPods, PodStore } from './pod-store.ts';
import { tableOf } from './pod-table.ts';
import { type Endpoint, listen, type Reply, type Request, ServiceError } from './server.ts';

export type KubernetesOptions = {
  clusterName: string;
  /** Whose tokens are accepted; STS would look up the access key. */
  credentials: Credentials;
  pods?: Pod[];
  generated?: GeneratedPods;
  certificates?: Certificates;
  now?: () => Date;
};

export type KubernetesEndpoint = Endpoint & {
  caPem: string;
  pods: PodStore;
  /** Makes every `continue` token handed out so far too old: the next use gets 410 Expired. */
  expireContinues: () => void;
};

export async function startKubernetes(options: KubernetesOptions): Promise<KubernetesEndpoint> {
  const pods = new PodStore(options.generated);
  for (const pod of options.pods ?? []) pods.add(pod);
  const certificates = options.certificates ?? (await makeCertificates());
  const now = options.now ?? (() => new Date());
  let revision = 1000;

  const answer = async (operation: string, request: Request): Promise<Reply> => {
    authenticate(request, options, now());
    await pods.sweep();
    if (operation === 'listPods') return reply(request, listOf(request, pods, now(), revision));
    if (operation === 'getPod') return reply(request, podOf(request, pods));
    throw refusedRoute(request.url.pathname);
  };
  const endpoint = await listen({ operationOf, answer, refuse: statusReply }, certificates);
  const expireContinues = () => {
    revision += 1;
  };
  return { ...endpoint, caPem: certificates.caPem, pods, expireContinues };
}

/** 429 as API priority and fairness answers it. */
export function tooManyRequests(retryAfterSeconds = 1): Fault {
  return failing('TooManyRequests', 429, 'Too many requests, please try again later.', {
    'retry-after': String(retryAfterSeconds),
  });
}

/** What the API answers to an identity that has no right to list pods. */
export function forbidden(): Fault {
  return failing('Forbidden', 403, 'pods is forbidden: User cannot list resource "pods"');
}

function operationOf(request: Request): string {
  const route = routeOf(request);
  if (!route) return 'unknown';
  return route.name === undefined ? 'listPods' : 'getPod';
}

/** The real API does not say what was wrong; the header is for whoever debugs a test. */
function authenticate(request: Request, options: KubernetesOptions, now: Date): void {
  const fault = faultOfToken(request.headers.authorization, { ...options, now });
  if (!fault) return;
  throw new ServiceError('Unauthorized', 'Unauthorized', 401, { 'x-loopback-why': fault });
}

/** AmazonEKSViewPolicy covers namespaced resources without Secrets; nodes are not among them. */
function refusedRoute(path: string): ServiceError {
  if (/^\/api\/v1\/(nodes|.*secrets)/.test(path)) {
    return new ServiceError('Forbidden', `${path} is forbidden`, 403);
  }
  return new ServiceError('NotFound', 'the server could not find the requested resource', 404);
}

function podOf(request: Request, pods: PodStore): object {
  const { namespace = '', name = '' } = routeOf(request) ?? {};
  const pod = pods.find(namespace, name);
  if (pod) return { kind: 'Pod', apiVersion: 'v1', ...pod };
  throw new ServiceError('NotFound', `pods "${name}" not found`, 404);
}

const includeObjectSchema = z.enum(['None', 'Metadata', 'Object']).catch('Metadata');

function listOf(request: Request, pods: PodStore, now: Date, revision: number): object {
  const query = request.url.searchParams;
  const limit = Number(query.get('limit') || Number.POSITIVE_INFINITY);
  const wanted = selectionOf(query, routeOf(request)?.namespace);
  const from = positionOf(query.get('continue'), revision);
  const page = pods.page(from, limit, wanted ?? (() => true));
  const metadata = {
    resourceVersion: String(revision),
    ...(page.next && { continue: continueToken(page.next, revision) }),
    // As the real one, it counts only where nothing is selected.
    ...(page.next && !wanted && { remainingItemCount: page.remaining }),
  };
  if (!wantsTable(request)) {
    return { kind: 'PodList', apiVersion: 'v1', metadata, items: page.pods };
  }
  const includeObject = includeObjectSchema.parse(query.get('includeObject'));
  return tableOf(page.pods, metadata, includeObject, now);
}

/** The API server compresses from this size on, at level 1. */
const GZIP_FROM = 128 * 1024;
const compress = promisify(gzip);

async function reply(request: Request, body: object): Promise<Reply> {
  const text = Buffer.from(JSON.stringify(body));
  const headers = { 'content-type': 'application/json', vary: 'Accept-Encoding' };
  const accepted = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (!accepted || text.length < GZIP_FROM) return { status: 200, headers, body: text };
  const packed = await compress(text, { level: 1 });
  return { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body: packed };
}

/** Every refusal is a Status object. */
function statusReply(error: ServiceError): Reply {
  return {
    status: error.status,
    headers: { 'content-type': 'application/json', ...error.headers },
    body: JSON.stringify({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: error.message,
      reason: error.code,
      code: error.status,
    }),
  };
}
