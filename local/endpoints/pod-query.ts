/** What a caller asks of the pods: which, from where on, and in which form. */
import type { Pod } from './pod.ts';
import type { Position } from './pod-store.ts';
import { type Request, ServiceError } from './server.ts';

export type Route = { namespace: string | undefined; name: string | undefined };

/** The namespace and name in a pods URL; nothing for any other URL or method. */
export function routeOf({ method, url }: Request): Route | undefined {
  const path = /^\/api\/v1(?:\/namespaces\/([a-z0-9-]+))?\/pods(?:\/([a-z0-9.-]+))?$/.exec(
    url.pathname,
  );
  const [, namespace, name] = path ?? [];
  if (method !== 'GET' || !path || (name !== undefined && namespace === undefined)) {
    return undefined;
  }
  return { namespace, name };
}

/** What the query selects; nothing where it selects all. @throws ServiceError BadRequest */
export function selectionOf(
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

/** A `continue` token holds the list's revision: once that is too old, so is the token. */
export function continueToken(position: Position, revision: number): string {
  return Buffer.from(JSON.stringify({ revision, ...position })).toString('base64url');
}

/** @throws ServiceError BadRequest, or Expired (410): the caller has to start over */
export function positionOf(token: string | null, revision: number): Position {
  if (!token) return { after: '' };
  const text = Buffer.from(token, 'base64url').toString();
  const match = /^\{"revision":(\d+),(?:"after":"([^"]*)"|"index":(\d+))\}$/.exec(text);
  if (!match) throw new ServiceError('BadRequest', 'continue key is not valid');
  const [, madeAt, after, index] = match;
  if (Number(madeAt) === revision) {
    return index === undefined ? { after: after ?? '' } : { index: Number(index) };
  }
  throw new ServiceError(
    'Expired',
    'The provided continue parameter is too old to display a consistent list result.',
    410,
  );
}

/** Whether the first type of the Accept header that can be spoken is the table. */
export function wantsTable(request: Request): boolean {
  const types = (request.headers.accept ?? '*/*').split(',');
  for (const type of types) {
    const [media = '', ...parameters] = type.split(';').map((part) => part.trim());
    if (!['application/json', '*/*', 'application/*'].includes(media)) continue;
    if (!parameters.includes('as=Table')) return false;
    if (parameters.includes('v=v1') && parameters.includes('g=meta.k8s.io')) return true;
  }
  throw new ServiceError('NotAcceptable', 'only application/json is spoken here', 406);
}
