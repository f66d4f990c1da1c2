/** What goes wrong on purpose: a queue of faults per operation, or a rule that decides each call. */
import type { Reply } from './server.ts';

/** One thing that goes wrong with one call. */
export type Fault =
  /** An error in the protocol's own words. */
  | {
      kind: 'error';
      code: string;
      message: string;
      status: number;
      headers: Record<string, string>;
    }
  /** Exactly this reply, whatever the protocol: garbage, a proxy's HTML page. */
  | { kind: 'reply'; reply: Reply }
  /** The usual answer, later. */
  | { kind: 'delay'; ms: number }
  /** The request is read and never answered. */
  | { kind: 'hang' }
  /** The connection is cut without an answer. */
  | { kind: 'close' }
  /** The usual answer's head and half of its body; then the connection is cut, or nothing more comes. */
  | { kind: 'half'; end: 'close' | 'hang' };

/** Says what happens to the nth call (from 1) of an operation; nothing means the usual answer. */
export type FaultRule = (nth: number) => Fault | undefined;

/** `*` stands for every operation that has no rule or queue of its own. */
export class Faults {
  readonly #queues = new Map<string, Fault[]>();
  readonly #rules = new Map<string, { rule: FaultRule; calls: number }>();

  /** The next calls of this operation meet these faults, in this order. */
  next(operation: string, ...faults: Fault[]): void {
    this.#queues.set(operation, [...(this.#queues.get(operation) ?? []), ...faults]);
  }

  /** From now on this rule decides, after the queue has run out. */
  when(operation: string, rule: FaultRule): void {
    this.#rules.set(operation, { rule, calls: 0 });
  }

  clear(): void {
    this.#queues.clear();
    this.#rules.clear();
  }

  /** For the server: the fault that this call meets, if any. */
  take(operation: string): Fault | undefined {
    return (
      this.#queues.get(operation)?.shift() ??
      this.#queues.get('*')?.shift() ??
      this.#ruled(operation)
    );
  }

  #ruled(operation: string): Fault | undefined {
    const entry = this.#rules.get(operation) ?? this.#rules.get('*');
    if (!entry) return undefined;
    entry.calls += 1;
    return entry.rule(entry.calls);
  }
}

export function failing(
  code: string,
  status: number,
  message = 'made to fail',
  headers: Record<string, string> = {},
): Fault {
  return { kind: 'error', code, message, status, headers };
}

/** AWS's throttling, as the JSON protocols word it. SNS says `Throttled`, EC2 `RequestLimitExceeded`. */
export function throttled(code = 'ThrottlingException'): Fault {
  return failing(code, 400, 'Rate exceeded');
}

export function internalError(status = 500): Fault {
  return failing('InternalServerError', status);
}

export const closing: Fault = { kind: 'close' };
export const hanging: Fault = { kind: 'hang' };
export const cutOff: Fault = { kind: 'half', end: 'close' };
export const stalling: Fault = { kind: 'half', end: 'hang' };
export const garbage: Fault = {
  kind: 'reply',
  reply: { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>not it' },
};

export function delayed(ms: number): Fault {
  return { kind: 'delay', ms };
}
