/** The pods of a loopback cluster: some held one by one, and many made only when asked for. */
import type { Pod } from './pod.ts';

/** Pods that are made anew for every answer: `at(0)` … `at(count - 1)`. Must give the same each time. */
export type GeneratedPods = { count: number; at: (index: number) => Pod };

export type PodOptions = {
  /** Asked before every answer; once it is true the pod has left the API. For real processes. */
  goneWhen?: () => Promise<boolean> | boolean;
};

/** A page of a listing; `next` is where the following one begins. */
export type PodPage = { pods: Pod[]; next: Position | undefined; remaining: number };

/** After which held pod, or at which generated one, a page begins. */
export type Position = { after: string } | { index: number };

type Held = { pod: Pod } & PodOptions;

/** What orders pods in the API and tells them apart at one time: namespace, then name. */
const keyOf = ({ metadata }: Pod) => `${metadata.namespace}/${metadata.name}`;

export class PodStore {
  readonly #held = new Map<string, Held>();
  readonly #generated: GeneratedPods;
  #sorted: string[] | undefined;
  #generatedKeys: Map<string, number> | undefined;

  constructor(generated: GeneratedPods = { count: 0, at: () => neverAsked() }) {
    this.#generated = generated;
  }

  get size(): number {
    return this.#held.size + this.#generated.count;
  }

  /** Adds a pod, or replaces the one of the same namespace and name, whatever its UID. */
  add(pod: Pod, options: PodOptions = {}): void {
    this.#held.set(keyOf(pod), { pod, ...options });
    this.#sorted = undefined;
  }

  get(uid: string): Pod | undefined {
    return this.#heldBy(uid)?.pod;
  }

  /** Generated pods cannot be deleted. */
  delete(uid: string): boolean {
    const held = this.#heldBy(uid);
    return held !== undefined && this.#drop(keyOf(held.pod));
  }

  /** Drops the pods whose `goneWhen` has come true. */
  async sweep(): Promise<void> {
    for (const [key, { goneWhen }] of this.#held) {
      if (goneWhen && (await goneWhen())) this.#drop(key);
    }
  }

  find(namespace: string, name: string): Pod | undefined {
    const key = `${namespace}/${name}`;
    const held = this.#held.get(key);
    if (held) return held.pod;
    this.#generatedKeys ??= this.#indexGenerated();
    const index = this.#generatedKeys.get(key);
    return index === undefined ? undefined : this.#generated.at(index);
  }

  /** Held pods in the API's order, then the generated ones. */
  page(from: Position, limit: number, wanted: (pod: Pod) => boolean): PodPage {
    const pods: Pod[] = [];
    for (const { pod, position } of this.#from(from)) {
      if (!wanted(pod)) continue;
      if (pods.length === limit) return { pods, next: position, remaining: this.#left(position) };
      pods.push(pod);
    }
    return { pods, next: undefined, remaining: 0 };
  }

  /** Every pod from a position on, each with the position of a page that would begin with it. */
  *#from(from: Position): Generator<{ pod: Pod; position: Position }> {
    if ('after' in from) {
      let before = from.after;
      for (const key of this.#keysAfter(from.after)) {
        const held = this.#held.get(key);
        if (held) yield { pod: held.pod, position: { after: before } };
        before = key;
      }
    }
    const start = 'index' in from ? from.index : 0;
    for (let index = start; index < this.#generated.count; index += 1) {
      yield { pod: this.#generated.at(index), position: { index } };
    }
  }

  #left(position: Position): number {
    if ('index' in position) return this.#generated.count - position.index;
    return this.#keysAfter(position.after).length + this.#generated.count;
  }

  #keysAfter(after: string): string[] {
    this.#sorted ??= [...this.#held.keys()].sort();
    return after === '' ? this.#sorted : this.#sorted.filter((key) => key > after);
  }

  #heldBy(uid: string): Held | undefined {
    for (const held of this.#held.values()) if (held.pod.metadata.uid === uid) return held;
    return undefined;
  }

  #drop(key: string): boolean {
    this.#sorted = undefined;
    return this.#held.delete(key);
  }

  /** Made on the first look-up by name that no held pod answers, and kept. */
  #indexGenerated(): Map<string, number> {
    const { count, at } = this.#generated;
    return new Map(Array.from({ length: count }, (_, index) => [keyOf(at(index)), index]));
  }
}

function neverAsked(): never {
  throw new Error('there are no generated pods');
}
