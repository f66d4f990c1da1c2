/** The pods of a loopback cluster: some held one by one, and many made only when asked for. */
import type { Pod } from './pod.ts';

/** Pods that are made anew for every answer: `at(0)` … `at(count - 1)`. Must give the same each time. */
export type GeneratedPods = { count: number; at: (index: number) => Pod };

export type PodOptions = {
  /** Asked before every answer; once it is true the pod has left the API. For real processes. */
  goneWhen?: () => Promise<boolean> | boolean;
};

type Held = { pod: Pod } & PodOptions;

/** A page of a listing; `next` is where the following one begins. */
export type PodPage = { pods: Pod[]; next: Position | undefined; remaining: number };

/** After which held pod, or at which generated one, a page begins. */
export type Position = { after: string } | { index: number };

/** The key that orders pods in the API: namespace, then name. */
const keyOf = ({ metadata }: Pod) => `${metadata.namespace}/${metadata.name}`;

export class PodStore {
  readonly #held = new Map<string, Held>();
  readonly #generated: GeneratedPods;
  #sorted: Pod[] | undefined;

  constructor(generated: GeneratedPods = { count: 0, at: () => neverAsked() }) {
    this.#generated = generated;
  }

  get size(): number {
    return this.#held.size + this.#generated.count;
  }

  /** Adds a pod, or replaces the one of the same UID. */
  add(pod: Pod, options: PodOptions = {}): void {
    this.#held.set(pod.metadata.uid, { pod, ...options });
    this.#sorted = undefined;
  }

  get(uid: string): Pod | undefined {
    return this.#held.get(uid)?.pod;
  }

  /** Generated pods cannot be deleted. */
  delete(uid: string): boolean {
    this.#sorted = undefined;
    return this.#held.delete(uid);
  }

  /** Drops the pods whose `goneWhen` has come true. */
  async sweep(): Promise<void> {
    for (const [uid, { goneWhen }] of this.#held) {
      if (goneWhen && (await goneWhen())) this.delete(uid);
    }
  }

  /** By name. Generated ones are looked through one by one: slow for 100,000, right for a few. */
  find(namespace: string, name: string): Pod | undefined {
    const key = `${namespace}/${name}`;
    for (const pod of this.#from({ after: '' })) if (keyOf(pod.pod) === key) return pod.pod;
    return undefined;
  }

  /** Held pods in the API's order, then the generated ones. */
  page(from: Position, limit: number, wanted: (pod: Pod) => boolean): PodPage {
    const pods: Pod[] = [];
    let next: Position | undefined;
    for (const { pod, position } of this.#from(from)) {
      if (!wanted(pod)) continue;
      if (pods.length === limit) {
        next = position;
        break;
      }
      pods.push(pod);
    }
    return { pods, next, remaining: next ? this.#leftFrom(next) : 0 };
  }

  /** Every pod from a position on, with the position that a page would begin at to start with it. */
  *#from(from: Position): Generator<{ pod: Pod; position: Position }> {
    if ('after' in from) {
      let before = from.after;
      for (const pod of this.#heldAfter(from.after)) {
        yield { pod, position: { after: before } };
        before = keyOf(pod);
      }
    }
    const start = 'index' in from ? from.index : 0;
    for (let index = start; index < this.#generated.count; index += 1) {
      yield { pod: this.#generated.at(index), position: { index } };
    }
  }

  #heldAfter(key: string): Pod[] {
    this.#sorted ??= [...this.#held.values()]
      .map(({ pod }) => pod)
      .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
    return key === '' ? this.#sorted : this.#sorted.filter((pod) => keyOf(pod) > key);
  }

  #leftFrom(position: Position): number {
    if ('index' in position) return this.#generated.count - position.index;
    return this.#heldAfter(position.after).length + this.#generated.count;
  }
}

function neverAsked(): never {
  throw new Error('there are no generated pods');
}
