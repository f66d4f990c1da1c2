/** GET on a cluster's API: TLS with its own CA, a token, gzip, time limits, and what is tried again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, fetch } from 'undici';
import type { ClusterEndpoint } from './eks.ts';
import type { Answer } from './kubernetes-answer.ts';
import { type KubernetesError, noAnswer } from './kubernetes-error.ts';
import { keptToken } from './kubernetes-token.ts';

export interface ConnectionLimits {
  /** TCP and TLS. */
  connectMs: number;
  /** An API that accepts and then says nothing for so long is tried again. */
  silenceMs: number;
  /** One request with its tries and pauses; a page of a large cluster takes a few seconds at most. */
  requestMs: number;
  tries: number;
  /** The first pause; each further one doubles it. The API's Retry-After may make it longer. */
  pauseMs: number;
  connections: number;
}

const LIMITS: ConnectionLimits = {
  connectMs: 5_000,
  silenceMs: 10_000,
  requestMs: 60_000,
  tries: 5,
  pauseMs: 200,
  connections: 10,
};

export interface ConnectionOptions {
  /** When the run must have ended: no request and no pause goes beyond it. */
  deadline?: Date;
  limits?: Partial<ConnectionLimits>;
}

/** @throws KubernetesError where no answer came */
export type Get = (path: string, accept: string) => Promise<Answer>;

export interface KubernetesConnection {
  get: Get;
  /** Breaks off whatever is still under way. */
  close(): Promise<void>;
}

/** @param makeToken called for a first request, when a token grows old, and again after a 401 */
export function openConnection(
  endpoint: ClusterEndpoint,
  makeToken: () => Promise<string>,
  options: ConnectionOptions = {},
): KubernetesConnection {
  const limits = { ...LIMITS, ...options.limits };
  const closing = new AbortController();
  const agent = makeAgent(endpoint.ca, limits);
  const way = { url: endpoint.url, agent, closed: closing.signal, token: keptToken(makeToken) };
  return {
    get: (path, accept) => {
      const last = options.deadline?.getTime() ?? Number.POSITIVE_INFINITY;
      const end = Math.min(Date.now() + limits.requestMs, last);
      return persist(way, { path, accept, end }, limits);
    },
    close: () => {
      closing.abort();
      return agent.destroy();
    },
  };
}

function makeAgent(ca: string, { connectMs, silenceMs, connections }: ConnectionLimits): Agent {
  const connect = { ca, timeout: connectMs };
  return new Agent({ connect, connections, headersTimeout: silenceMs, bodyTimeout: silenceMs });
}

interface Way {
  url: string;
  agent: Agent;
  closed: AbortSignal;
  token: ReturnType<typeof keptToken>;
}

/** `end`: when it must have its answer; milliseconds since 1970. */
type Request = { path: string; accept: string; end: number };

/** A try's end: an answer or an error, each of which may be worth another try. */
type Tried = { again: boolean; afterMs?: number | undefined } & (
  | { answer: Answer }
  | { error: KubernetesError }
);

async function persist(way: Way, request: Request, limits: ConnectionLimits): Promise<Answer> {
  for (let nth = 1; ; nth += 1) {
    const tried = await authorized(way, request);
    const pause = Math.max(backoff(limits.pauseMs, nth), tried.afterMs ?? 0);
    const late = Date.now() + pause >= request.end;
    if (!tried.again || nth >= limits.tries || late) return endOf(tried);
    await sleep(pause, undefined, { signal: way.closed });
  }
}

/** A 401 may only mean that the token grew old on its way: one new one, then it is a refusal. */
async function authorized(way: Way, request: Request): Promise<Tried> {
  const kept = way.token.get();
  const tried = await send(way, request, await kept);
  if (!('answer' in tried) || tried.answer.status !== 401) return tried;
  way.token.drop(kept);
  return send(way, request, await way.token.get());
}

async function send(way: Way, { path, accept, end }: Request, token: string): Promise<Tried> {
  const outOfTime = AbortSignal.timeout(Math.max(1, end - Date.now()));
  try {
    const response = await fetch(new URL(path, way.url), {
      dispatcher: way.agent,
      headers: { authorization: `Bearer ${token}`, accept, 'accept-encoding': 'gzip' },
      // The API sends nobody elsewhere, and a token is for the cluster alone.
      redirect: 'manual',
      signal: AbortSignal.any([outOfTime, way.closed]),
    });
    const answer = { status: response.status, text: await response.text() };
    const afterMs = retryAfterMs(response.headers.get('retry-after'), Date.now());
    return { answer, again: isPassing(answer.status), afterMs };
  } catch (cause) {
    const error = noAnswer(cause);
    return { error, again: error.fault === 'unreachable' && !way.closed.aborted };
  }
}

function endOf(tried: Tried): Answer {
  if ('answer' in tried) return tried.answer;
  throw tried.error;
}

/** The API's own "not now". */
function isPassing(status: number): boolean {
  return status === 429 || status >= 500;
}

/** Many functions meet the same busy API: spread out, between half and the whole of the pause. */
function backoff(firstMs: number, nth: number): number {
  return firstMs * 2 ** (nth - 1) * (0.5 + Math.random() / 2);
}

/** Retry-After is seconds or an HTTP date. @returns undefined where it is neither */
function retryAfterMs(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : at - now;
}
