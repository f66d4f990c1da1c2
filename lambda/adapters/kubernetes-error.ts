/** What can be wrong between podthaw and a cluster's API; each has another remedy. */

export type KubernetesFault =
  /** 401: the API knows nobody by this token. */
  | 'unauthorized'
  /** 403: it knows who asks, and does not let them. */
  | 'forbidden'
  /** No answer: refused, silent, cut off. */
  | 'unreachable'
  /** Whoever answers has no certificate of the cluster's own CA. */
  | 'untrusted'
  /** An answer, but none that can be used: an error of the API's, another shape, not JSON. */
  | 'unexpected';

/** The API refused, gave no usable answer, or none. */
export class KubernetesError extends Error {
  override name = 'KubernetesError';
  readonly fault: KubernetesFault;
  /** HTTP's, where there was an answer. */
  readonly status: number | undefined;
  /**
   * How the answer began, for the log. Not in the message: a proxy's page has another id at every
   * call, and people are told anew when the words change.
   */
  readonly answer: string | undefined;

  constructor(
    message: string,
    fault: KubernetesFault,
    options?: ErrorOptions & { status?: number; answer?: string },
  ) {
    super(message, options);
    this.fault = fault;
    this.status = options?.status;
    this.answer = options?.answer;
  }
}

/** The fault that an answer other than 200 shows. */
export function faultOfStatus(status: number): KubernetesFault {
  if (status === 401) return 'unauthorized';
  return status === 403 ? 'forbidden' : 'unexpected';
}

/** The error of a request that brought no answer. */
export function noAnswer(cause: unknown): KubernetesError {
  const fault = isUntrusted(cause) ? 'untrusted' : 'unreachable';
  return new KubernetesError(reasonOf(cause), fault, { cause });
}

/** OpenSSL's and Node's codes for a certificate that does not hold. */
const UNTRUSTED = /CERT|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH/;

function isUntrusted(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && UNTRUSTED.test(String(error.code))) || isUntrusted(error.cause);
}

/** fetch says only "fetch failed" or "terminated"; what failed is its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  if (error.name === 'TimeoutError') return 'no answer in time';
  const code = 'code' in error ? String(error.code) : '';
  const words = error.message || error.name;
  return words.includes(code) ? words : `${words} (${code})`;
}
