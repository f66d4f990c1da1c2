import { type App, Stack } from 'aws-cdk-lib';
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Topic } from 'aws-cdk-lib/aws-sns';
import recommended from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { describe, expect, test } from 'vitest';
import { PodthawStack } from '../../lib/stack.ts';
import { clusters, combinations, everything, findings } from './deployment.ts';

describe('cdk-nag, AwsSolutions and Serverless', () => {
  test('is at work here: it objects to a bare topic, and warns of a bare table', () => {
    const open = findings((app) => {
      const stack = new Stack(app, 'bare');
      new Topic(stack, 'Topic');
      new Table(stack, 'Table', { partitionKey: { name: 'id', type: AttributeType.STRING } });
    });
    expect(open).toEqual(expect.arrayContaining(['AwsSolutions-SNS3', 'AwsSolutions-DDB3']));
  });

  test.each(Object.entries(clusters))(
    '%s: no open finding under any option',
    (_, settings) => {
      for (const option of combinations()) {
        const all = { ...settings, ...option };
        expect(
          findings((app) => new PodthawStack(app, 'podthaw', { settings: all })),
          JSON.stringify(option),
        ).toEqual([]);
      }
    },
    120_000,
  );

  test.each([
    ['alone', {}],
    ['in an app as `cdk init` makes it', recommended],
  ])('everything at once, %s: no open finding', (_, flags) => {
    const fill = (app: App) => new PodthawStack(app, 'podthaw', { settings: everything });
    expect(findings(fill, flags)).toEqual([]);
  });
});
