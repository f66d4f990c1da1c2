/** A Kubernetes API on loopback, over TLS: pods as lists, tables and single objects. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Certificates, makeCertificates } from './certificates.ts';
import { type Credentials, faultOfToken } from './eks-token.ts';
import { type Fault, failing } from './faults.ts';
import { type Pod, podCells, podColumns } from './pod.ts';
import { type GeneratedPods, PodStore, type Position } from './pod-store.ts';
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

/** The API server compresses from this size on, at level 1 (apiserver, endpoints/handlers/responsewriters). */
const GZIP_FROM = 128 * 1024;

export async function startKubernetes(options: KubernetesOptions): Promise<KubernetesEndpoint> {
  const pods = new PodStore(options.generated);
  for (const pod of options.pods ?? []) pods.add(pod);
  const certificates = options.certificates ?? (await makeCertificates());
  const now = options.now ?? (() => new Date());
  const clock = { revision: 1000 };

  const answer = async (operation: string, request: Request): Promise<Reply> => {
    const fault = faultOfToken(request.headers.authorization, { ...options, now: now() });
    if (fault)
      throw new ServiceError('Unauthorized', 'Unauthorized', 401, { 'x-loopback-why': fault });
    await pods.sweep();
    const { namespace, name } = routeOf(request) ?? {};
    if (operation === 'listPods') return listPods(request, pods, namespace, now(), clock.revision);
    if (operation !== 'getPod' || namespace === undefined || name === undefined) {
      throw refusedRoute(request.url.pathname);
    }
    const pod = pods.find(namespace, name);
    if (!pod) throw new ServiceError('NotFound', `pods "${name}" not found`, 404);
    return reply(request, { kind: 'Pod', apiVersion: 'v1', ...pod });
  };
  const endpoint = await listen({ operationOf, answer, refuse: statusReply }, certificates);
  const expireContinues = () => {
    clock.revision += 1;
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

type Route = { namespace: string | undefined; name: string | undefined };

function routeOf({ method, url }: Request): Route | undefined {
  const path = /^\/api\/v1(?:\/namespaces\/([a-z0-9-]+))?\/pods(?:\/([a-z0-9.-]+))?$/.exec(
    url.pathname,
  );
  if (method !== 'GET' || !path || (path[2] !== undefined && path[1] === undefined))
    return undefined;
  return { namespace: path[1], name: path[2] };
}

function operationOf(request: Request): string {
  const route = routeOf(request);
  if (!route) return 'unknown';
  return route.name === undefined ? 'listPods' : 'getPod';
}

/** AmazonEKSViewPolicy covers namespaced resources without Secrets; nodes are not among them. */
function refusedRoute(path: string): ServiceError {
  if (/^\/api\/v1\/(nodes|.*secrets)/.test(path)) {
    return new ServiceError('Forbidden', `${path} is forbidden`, 403);
  }
  return new ServiceError('NotFound', 'the server could not find the requested resource', 404);
}

function listPods(
  request: Request,
  pods: PodStore,
  namespace: string | undefined,
  now: Date,
  revision: number,
): Promise<Reply> {
  const query = request.url.searchParams;
  const limit = Number(query.get('limit') || Number.POSITIVE_INFINITY);
  const wanted = selection(query, namespace);
  const page = pods.page(
    positionOf(query.get('continue'), revision),
    limit,
    wanted ?? (() => true),
  );
  const metadata = {
    resourceVersion: String(revision),
    ...(page.next && { continue: tokenOf(page.next, revision) }),
    // As the real one, it counts only where nothing is selected.
    ...(page.next && !wanted && { remainingItemCount: page.remaining }),
  };
  return reply(
    request,
    wantsTable(request)
      ? table(page.pods, metadata, query.get('includeObject') ?? 'Metadata', now)
      : { kind: 'PodList', apiVersion: 'v1', metadata, items: page.pods },
  );
}

/** The first type of the Accept header that this server can speak decides. */
function wantsTable(request: Request): boolean {
  const types = (request.headers.accept ?? '*/*').split(',').map((type) => type.trim());
  for (const type of types) {
    const parts = type.split(';').map((part) => part.trim());
    if (!['application/json', '*/*', 'application/*'].includes(parts[0] ?? '')) continue;
    if (parts.includes('as=Table')) {
      if (parts.includes('v=v1') && parts.includes('g=meta.k8s.io')) return true;
      continue;
    }
    return false;
  }
  throw new ServiceError(
    'NotAcceptable',
    'only the following media types are accepted: application/json',
    406,
  );
}

function table(pods: Pod[], metadata: object, includeObject: string, now: Date): object {
  const objectOf = (pod: Pod) => {
    if (includeObject === 'None') return {};
    if (includeObject === 'Object') return { object: { kind: 'Pod', apiVersion: 'v1', ...pod } };
    return {
      object: {
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
        metadata: pod.metadata,
      },
    };
  };
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: podColumns,
    rows: pods.map((pod) => ({ cells: podCells(pod, now), ...objectOf(pod) })),
  };
}

/** What the query selects; nothing where it selects all. */
function selection(
  query: URLSearchParams,
  namespace: string | undefined,
): ((pod: Pod) => boolean) | undefined {
  const fields = termsOf(query.get('fieldSelector')).map((term) => ({
    ...term,
    read: fieldCalled(term.key),
  }));
  const labels = termsOf(query.get('labelSelector'));
  if (!namespace && fields.length === 0 && labels.length === 0) return undefined;
  return (pod) =>
    (!namespace || pod.metadata.namespace === namespace) &&
    fields.every((term) => (term.read(pod) === term.value) === term.equal) &&
    labels.every((term) => (pod.metadata.labels?.[term.key] === term.value) === term.equal);
}

type Term = { key: string; value: string; equal: boolean };

/** `a=b,c!=d`. Set-based label selectors are not spoken here. */
function termsOf(selector: string | null): Term[] {
  if (!selector) return [];
  return selector.split(',').map((text) => {
    const match = /^([\w./-]+)(==|=|!=)([\w./-]*)$/.exec(text);
    if (!match) throw new ServiceError('BadRequest', `unable to parse requirement: ${text}`);
    const [, key = '', operator, value = ''] = match;
    return { key, value, equal: operator !== '!=' };
  });
}

/** The fields that pods can be selected by; metadata.uid and metadata.deletionTimestamp are not. */
const fieldsOfPods: Record<string, (pod: Pod) => string> = {
  'metadata.name': (pod) => pod.metadata.name,
  'metadata.namespace': (pod) => pod.metadata.namespace,
  'spec.nodeName': (pod) => pod.spec?.nodeName ?? '',
  'status.phase': (pod) => pod.status?.phase ?? '',
};

function fieldCalled(name: string): (pod: Pod) => string {
  const field = fieldsOfPods[name];
  if (field) return field;
  throw new ServiceError('BadRequest', `field label not supported: ${name}`);
}

function tokenOf(position: Position, revision: number): string {
  return Buffer.from(JSON.stringify({ revision, ...position })).toString('base64url');
}

function positionOf(token: string | null, revision: number): Position {
  if (!token) return { after: '' };
  const text = Buffer.from(token, 'base64url').toString();
  const match = /^\{"revision":(\d+),(?:"after":"([^"]*)"|"index":(\d+))\}$/.exec(text);
  if (!match) throw new ServiceError('BadRequest', 'continue key is not valid');
  if (Number(match[1]) !== revision) {
    throw new ServiceError(
      'Expired',
      'The provided continue parameter is too old to display a consistent list result.',
      410,
    );
  }
  return match[3] === undefined ? { after: match[2] ?? '' } : { index: Number(match[3]) };
}

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
