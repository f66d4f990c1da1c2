import { readFileSync } from 'node:fs';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { describe, expect, test } from 'vitest';
import { parseSettings, settingsSchema } from '../../lambda/domain/settings.ts';
import { Podthaw } from '../../lib/podthaw.ts';
import { clusters, newApp, options, templateOf } from './deployment.ts';
import { flat, ofType, resourcesOf } from './template.ts';

const text = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8');
const blocks = (opening: string) =>
  [...text.matchAll(/```json\n([\s\S]*?)```/g)]
    .map(([, json = '']) => json)
    .filter((json) => json.startsWith(opening));

describe('the settings in docs/deploy.md', () => {
  const rows = [...text.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)];

  test('are all of them, and no other', () => {
    expect(rows.map(([, field]) => field).toSorted()).toEqual(
      Object.keys(settingsSchema.shape).toSorted(),
    );
  });

  test('have the defaults that are written there', () => {
    const defaults = parseSettings(clusters.one);
    for (const [, field = '', said = ''] of rows) {
      if (/^none$|keys that/.test(said)) continue;
      const value = JSON.parse(said.replaceAll('`', ''));
      expect(value, field).toEqual(defaults[field as keyof typeof defaults]);
    }
  });

  test('are accepted as they stand in the example', () => {
    const [example = '', ...more] = blocks('{');
    expect(more).toEqual([]);
    expect(() => templateOf(JSON.parse(example))).not.toThrow();
  });
});

describe('what docs/deploy.md says of the stack', () => {
  const template = templateOf({ ...clusters.one, ...options.slack }).toJSON();
  const resources = resourcesOf(template);

  test('the count of alarms behind its sum', () => {
    const count = Number(/mail: (\d+) × 0\.10/.exec(text)?.[1]);
    expect(ofType(resources, 'AWS::CloudWatch::Alarm')).toHaveLength(count);
  });

  test('the names of functions, alarms and outputs', () => {
    const names = ofType(resources, 'AWS::Lambda::Function').map((r) => r.Properties.FunctionName);
    expect(names).toEqual(expect.arrayContaining(['podthaw-detect', 'podthaw-remediate']));
    const alarms = ofType(resources, 'AWS::CloudWatch::Alarm').map((r) => r.Properties.AlarmName);
    expect(alarms).toContain('podthaw-health-detector-silent-prod');
    expect(Object.keys(template.Outputs)).toEqual(
      expect.arrayContaining(['FunctionArn', 'LogGroupName']),
    );
  });

  test("the statements for a KMS key are those that the construct adds to its own app's", () => {
    const stack = new Stack(newApp(), 'own');
    const encryptionKey = new Key(stack, 'Key');
    new Podthaw(stack, 'Podthaw', { settings: clusters.one, encryptionKey });
    const [key] = ofType(resourcesOf(Template.fromStack(stack).toJSON()), 'AWS::KMS::Key');
    const policy = key?.Properties.KeyPolicy as { Statement: { Sid?: string }[] } | undefined;
    const added = policy?.Statement.filter(({ Sid }) => Sid !== undefined);
    const written = JSON.parse(blocks('[')[0] ?? '[]') as unknown[];
    expect(written).toHaveLength(2);
    expect(masked(added)).toEqual(masked(written));
  });
});

/** Account, region and partition by one name each, however they are written. */
function masked(value: unknown): unknown {
  if (typeof value === 'string') {
    return value
      .replaceAll(/AWS::AccountId/g, 'ACCOUNT')
      .replaceAll(/AWS::Region/g, 'REGION')
      .replaceAll(/^arn:(AWS::Partition|aws):/g, 'arn:PARTITION:');
  }
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  if ('Fn::Join' in value || 'Ref' in value) return masked(flat(value));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner)]));
}
