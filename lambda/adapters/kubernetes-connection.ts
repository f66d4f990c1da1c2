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

/** A request's end: an answer or an error, each of which may be worth another try. */
type Tried = { again: boolean; afterMs?: number | undefined } & (
  | { answer: Answer }
  | { error: KubernetesError }
);

/** @param makeToken called for a first request, when a token grows old, and again after a 401 */
export function openConnection(
  endpoint: ClusterEndpoint,
  makeToken: () => Promise<string>,
  options: ConnectionOptions = {},
): KubernetesConnection {
  const limits = { ...LIMITS, ...options.limits };
  const token = keptToken(makeToken);
  const closing = new AbortController();
  const agent = new Agent({
    connect: { ca: endpoint.ca, timeout: limits.connectMs },
    connections: limits.connections,
    headersTimeout: limits.silenceMs,
    bodyTimeout: limits.silenceMs,
  });

  const send = async (
    path: string,
    accept: string,
    bearer: string,
    end: number,
  ): Promise<Tried> => {
    const left = AbortSignal.timeout(Math.max(1, end - Date.now()));
    try {
      const response = await fetch(new URL(path, endpoint.url), {
        dispatcher: agent,
        headers: { authorization: `Bearer ${bearer}`, accept, 'accept-encoding': 'gzip' },
        // The API sends nobody elsewhere, and a token is for the cluster alone.
        redirect: 'manual',
        signal: AbortSignal.any([left, closing.signal]),
      });
      const answer = { status: response.status, text: await response.text() };
      const afterMs = retryAfterMs(response.headers.get('retry-after'), Date.now());
      return { answer, again: isPassing(answer.status), afterMs };
    } catch (cause) {
      const error = noAnswer(cause);
      return { error, again: error.fault === 'unreachable' && !closing.signal.aborted };
    }
  };

  /** A 401 may only mean that the token grew old on its way: one new one, then it is a refusal. */
  const authorized = async (path: string, accept: string, end: number): Promise<Tried> => {
    const kept = token.get();
    const tried = await send(path, accept, await kept, end);
    if (!('answer' in tried) || tried.answer.status !== 401) return tried;
    token.drop(kept);
    return send(path, accept, await token.get(), end);
  };

  const get: Get = async (path, accept) => {
    const end = Math.min(Date.now() + limits.requestMs, options.deadline?.getTime() ?? Infinity);
    for (let nth = 1; ; nth += 1) {
      const tried = await authorized(path, accept, end);
      const pause = Math.max(backoff(limits.pauseMs, nth), tried.afterMs ?? 0);
      if (!tried.again || nth >= limits.tries || Date.now() + pause >= end) return endOf(tried);
      await sleep(pause, undefined, { signal: closing.signal });
    }
  };
  const close = () => {
    closing.abort();
    return agent.destroy();
  };
  return { get, close };
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
