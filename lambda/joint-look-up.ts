/** Look-ups that are asked for at the same time, made as one: many single reads cost more than a list. */
import type { TerminatingPod } from './domain/pod.ts';

export type LookUp = (pods: readonly TerminatingPod[]) => Promise<ReadonlySet<string>>;

/**
 * What is asked while a look-up is under way waits for the next, which asks for all of it: no answer
 * is older than its question. One that fails fails for all who share it.
 */
export function joinLookUps(lookUp: LookUp): LookUp {
  let underWay: Promise<unknown> = Promise.resolve();
  let next: { pods: TerminatingPod[]; answer: Promise<ReadonlySet<string>> } | undefined;
  const begin = () => {
    const pods: TerminatingPod[] = [];
    const answer = underWay.then(() => {
      next = undefined;
      return lookUp(pods);
    });
    underWay = answer.catch(() => undefined);
    return { pods, answer };
  };
  return (pods) => {
    next ??= begin();
    next.pods.push(...pods);
    return next.answer;
  };
}
