/** What is proven of a freed pod, rung by rung: thawed → tasks gone → pod gone. */
import type { PodOutcome } from '../outcome.ts';

export interface Rung {
  claim: string;
  proven: boolean;
}

/** Nothing where nothing was tried; only what was looked at is claimed, either way. */
export function proofOf(pod: PodOutcome): Rung[] {
  if (!['deleted', 'thawed', 'failed'].includes(pod.outcome)) return [];
  return [...thawRung(pod), ...taskRung(pod), goneRung(pod)];
}

function thawRung({ outcome, freezes }: PodOutcome): Rung[] {
  const lifted = freezes.some(({ action }) => action === 'thawed' || action === 'lifted-by-other');
  if (outcome === 'failed') return [{ claim: 'thawed', proven: false }];
  return lifted || outcome === 'thawed' ? [{ claim: 'thawed', proven: true }] : [];
}

function taskRung({ tasks }: PodOutcome): Rung[] {
  if (tasks?.left === undefined) return [];
  if (tasks.left > 0) return [{ claim: `tasks gone (${tasks.left} left)`, proven: false }];
  const exited = tasks.exited === undefined ? '' : ` (${tasks.exited} exited)`;
  return [{ claim: `tasks gone${exited}`, proven: true }];
}

function goneRung({ outcome }: PodOutcome): Rung {
  return { claim: 'pod gone from the API', proven: outcome === 'deleted' };
}
