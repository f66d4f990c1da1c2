/** The SSM document as the stack deploys it: taken from the synthesized template, not from the source. */
import { App } from 'aws-cdk-lib';
import * as z from 'zod';
import type { Settings } from '../lambda/domain/settings.ts';
import { PodthawStack } from '../lib/stack.ts';

const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.looseObject({}).optional() }),
  ),
});

/** One synthesis serves every pipeline of a process that has the same settings. */
const synthesized = new Map<string, unknown>();

/** Synthesizes the stack in memory, without bundling its functions. @returns the document's Content */
export function synthesizedDocument(settings: Settings): unknown {
  const key = JSON.stringify(settings);
  if (!synthesized.has(key)) synthesized.set(key, synthesize(settings));
  return synthesized.get(key);
}

function synthesize(settings: Settings): unknown {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] }, analyticsReporting: false });
  const stack = new PodthawStack(app, 'Podthaw', { settings });
  const template = app.synth().getStackArtifact(stack.artifactId).template as unknown;
  const resources = Object.values(templateSchema.parse(template).Resources);
  const document = resources.find(({ Type }) => Type === 'AWS::SSM::Document');
  if (document === undefined)
    throw new Error('the synthesized template holds no AWS::SSM::Document');
  return document.Properties?.Content;
}
