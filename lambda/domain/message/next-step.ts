/** What is left for a person to do about one pod. */
import type { Outcome, PodOutcome } from '../outcome.ts';
import { podKey } from '../pod.ts';
import { causeWords } from './cause-words.ts';

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

type Run = Pick<Outcome, 'cluster' | 'trigger'>;

export function nextStep(pod: PodOutcome, run: Run): string {
  switch (pod.outcome) {
    case 'deleted':
      return 'Nothing.';
    case 'deferred':
      return 'Nothing: the next run takes it up.';
    case 'in-progress':
      return 'Nothing: the other run tells.';
    case 'thawed':
      return afterThaw(pod);
    case 'would-thaw':
      return wouldThawStep(pod, run);
    case 'held':
      return heldStep(pod);
    case 'not-frozen':
      return causeWords(pod.cause ?? 'unknown').step;
    case 'unreachable':
      return unreachableStep(pod);
    case 'failed':
      return 'See why in the SSM command and the logs, then thaw it by hand on the node.';
    case 'unknown':
      return 'Look on the node: freezer.sh check.';
    default:
      return pod.outcome satisfies never;
  }
}

/** Alarms and the schedule ask for a thaw: where one was only looked at, the deployment observes. */
function wouldThawStep(pod: PodOutcome, { cluster, trigger }: Run): string {
  return trigger.kind === 'manual'
    ? `Nobody has thawed it: ${thawCommand(pod, cluster)}`
    : 'podthaw only observes here: set "mode": "thaw" in podthaw.json and deploy, or run freezer.sh thaw on the node.';
}

function afterThaw(pod: PodOutcome): string {
  if (pod.holding !== undefined) return causeWords(pod.holding).step;
  return 'Nothing yet: the next run looks again. If the pod stays, look at its finalizers and volumes.';
}

function heldStep(pod: PodOutcome): string {
  if (pod.cause === 'above-pod' || pod.cause === 'outside-pod') return causeWords(pod.cause).step;
  if (pod.cause !== undefined) return 'Decide whether it may be thawed; see the reason.';
  return 'Decide whether the hold still applies; once it is lifted, the next run takes the pod up.';
}

function unreachableStep(pod: PodOutcome): string {
  if (pod.node === undefined && pod.instanceId === undefined) return causeWords('no-tasks').step;
  if (pod.instanceId === undefined) {
    return 'podthaw can send nothing to this node: look there by hand where it has a shell, else replace it; npx podthaw doctor checks instances and tags.';
  }
  return 'See whether the node is up and its SSM agent online: npx podthaw doctor.';
}

/** A command to copy: only of names that no shell reads as anything else. */
function thawCommand(pod: PodOutcome, cluster: string): string {
  const where = /^[\w-]+$/.test(cluster) ? ` --cluster ${cluster}` : '';
  const which = NAME.test(pod.namespace) && NAME.test(pod.name) ? ` --pod ${podKey(pod)}` : '';
  return `npx podthaw thaw${where}${which}`;
}
