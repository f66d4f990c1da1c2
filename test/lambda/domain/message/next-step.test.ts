/** What is left to do where no command reaches the node: not the same for a node without an instance. */
import { expect, test } from 'vitest';
import { nextStep } from '../../../../lambda/domain/message/next-step.ts';
import { sampleOutcome, samplePod } from './samples.ts';

const { instanceId, node, ...pod } = samplePod('unreachable');

test.each([
  ['an instance whose agent is down', { node, instanceId }, /its SSM agent online/],
  ['a Fargate or hybrid node', { node }, /can send nothing to this node: look there by hand/],
  ['no node at all', {}, /finalizers/],
])('%s', (_, where, step) => {
  const known = Object.fromEntries(Object.entries(where).filter(([, value]) => value));
  expect(nextStep({ ...pod, ...known }, sampleOutcome([]))).toMatch(step);
});
