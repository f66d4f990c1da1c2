/** The SSM document and the table as the stack deploys them: taken from the synthesized template, not from the source. */
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

type Resource = z.infer<typeof templateSchema>['Resources'][string];

/** One synthesis serves every pipeline of a process that has the same settings. */
const synthesized = new Map<string, Resource[]>();

/** @returns the SSM document's Content */
export function synthesizedDocument(settings: Settings): unknown {
  return propertiesOf(settings, 'AWS::SSM::Document').Content;
}

/** @returns the claims table's properties */
export function synthesizedTable(settings: Settings): unknown {
  return propertiesOf(settings, 'AWS::DynamoDB::Table');
}

function propertiesOf(settings: Settings, type: string): Record<string, unknown> {
  const resource = resourcesOf(settings).find(({ Type }) => Type === type);
  if (resource === undefined) throw new Error(`the synthesized template holds no ${type}`);
  return resource.Properties ?? {};
}

function resourcesOf(settings: Settings): Resource[] {
  const key = JSON.stringify(settings);
  const resources = synthesized.get(key) ?? synthesize(settings);
  synthesized.set(key, resources);
  return resources;
}

/** In memory, without bundling the functions. */
function synthesize(settings: Settings): Resource[] {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] }, analyticsReporting: false });
  const stack = new PodthawStack(app, 'Podthaw', { settings });
  const template = app.synth().getStackArtifact(stack.artifactId).template as unknown;
  return Object.values(templateSchema.parse(template).Resources);
}
