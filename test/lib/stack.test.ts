import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Key } from 'aws-cdk-lib/aws-kms';
import { describe, expect, test } from 'vitest';
import { parseDeployedSettings } from '../../lambda/domain/settings.ts';
import { documentContent } from '../../lib/document.ts';
import { nodeScript } from '../../lib/node-script.ts';
import { Podthaw } from '../../lib/podthaw.ts';
import { PodthawStack } from '../../lib/stack.ts';
import { clusters, everything, newApp, options, templateOf } from './deployment.ts';
import { flat, ofType, type Resource, refersTo, resourcesOf } from './template.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const template = templateOf(everything);
const all = resourcesOf(template.toJSON());
const functions = ofType(all, 'AWS::Lambda::Function');

describe('the document', () => {
  test('is made from freezer.sh, as plain data, without a name', () => {
    const [document] = ofType(all, 'AWS::SSM::Document');
    expect(document?.Properties).toMatchObject({
      Content: documentContent(nodeScript),
      DocumentType: 'Command',
      UpdateMethod: 'Replace',
    });
    expect(document?.Properties).not.toHaveProperty('Name');
    expect(refersTo(document?.Properties.Content)).toEqual([]);
  });

  test('a new script makes a new version of each function, which knows the new name', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'podthaw-copy-'));
    try {
      for (const part of ['lib', 'lambda', 'agent-scripts', 'package-lock.json']) {
        cpSync(join(root, part), join(copy, part), { recursive: true });
      }
      symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
      const script = join(copy, 'agent-scripts/freezer.sh');
      writeFileSync(script, `${readFileSync(script, 'utf8')}\n: changed\n`);
      const { PodthawStack: Changed } = (await import(join(copy, 'lib/stack.ts'))) as {
        PodthawStack: typeof PodthawStack;
      };
      const stack = new Changed(newApp(), 'podthaw', { settings: everything });
      const changed = resourcesOf(Template.fromStack(stack).toJSON());
      const versions = (of: Resource[]) => ofType(of, 'AWS::Lambda::Version').map((r) => r.id);
      expect(versions(changed)).toHaveLength(3);
      expect(versions(changed).filter((id) => versions(all).includes(id))).toEqual([]);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});

describe('functions', () => {
  test("run Lambda's Node 24 on arm64 and reserve no concurrency", () => {
    expect(functions).toHaveLength(3);
    for (const { Properties } of functions) {
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
      expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
    }
  });

  test('get settings that they can parse', () => {
    for (const { Properties } of functions) {
      const { Variables } = Properties.Environment as { Variables: Record<string, unknown> };
      const settings = parseDeployedSettings(JSON.parse(flat(Variables.PODTHAW_SETTINGS)));
      expect(settings).toMatchObject({
        mode: 'thaw',
        clusters: [{ name: 'prod' }, { name: 'stage' }, { name: 'lab_2', instanceTagKey: 'team' }],
        resources: {
          slackSecretId: 'podthaw/slack',
          claimsTable: expect.any(String),
          dashboardName: 'podthaw',
        },
      });
      expect(JSON.stringify(Properties)).not.toContain('oncall@example.com');
      expect(Variables).toMatchObject({
        POWERTOOLS_SERVICE_NAME: 'podthaw',
        POWERTOOLS_METRICS_NAMESPACE: 'Podthaw',
      });
    }
  });

  test('that call the Kubernetes API are in the VPC, the one that calls Slack is not', () => {
    const vpc = Object.fromEntries(
      functions.map((r) => [flat(r.Properties.FunctionName), r.Properties.VpcConfig]),
    );
    const inside = {
      SubnetIds: options.vpc.vpc.subnetIds,
      SecurityGroupIds: options.vpc.vpc.securityGroupIds,
    };
    expect(vpc).toEqual({
      'podthaw-detect': inside,
      'podthaw-remediate': inside,
      'podthaw-notify-slack': undefined,
    });
  });

  test('keep their logs for as long as is set', () => {
    const logs = ofType(all, 'AWS::Logs::LogGroup');
    expect(logs.map((r) => r.Properties.RetentionInDays)).toEqual([90, 90, 90]);
  });

  test('forty clusters fit into their environment; a hundred are refused with the numbers', () => {
    const many = (n: number) => ({
      ...clusters.one,
      clusters: Array.from({ length: n }, (_, i) => ({ name: `cluster-number-${i}` })),
    });
    expect(() => templateOf(many(40))).not.toThrow();
    expect(() => templateOf(many(100))).toThrow(/settings: \d+ bytes with 100 clusters/);
  });
});

test('a synth asks nothing of an account', () => {
  const app = newApp();
  new PodthawStack(app, 'podthaw', { settings: everything });
  expect(app.synth().manifest.missing).toBeUndefined();
});

describe('removal', () => {
  const stateful = [
    'AWS::DynamoDB::Table',
    'AWS::SNS::Topic',
    'AWS::SQS::Queue',
    'AWS::Logs::LogGroup',
  ];

  test('is decided for whatever holds data; only the record of runs stays', () => {
    const kept = all
      .filter((r) => stateful.includes(r.Type))
      .map(({ id, DeletionPolicy }) => ({ id, DeletionPolicy }));
    expect(kept.length).toBe(1 + 1 + 4 + 3);
    for (const { id, DeletionPolicy } of kept) {
      expect(DeletionPolicy, id).toBe(/RemediateLogs/.test(id) ? 'Retain' : 'Delete');
    }
  });

  test('nothing else stays', () => {
    const stays = all.filter((r) => r.DeletionPolicy?.startsWith('Retain')).map((r) => r.Type);
    expect(stays).toEqual(['AWS::Logs::LogGroup']);
  });
});

test('whatever can be tagged is', () => {
  const untaggable = [
    'AWS::CloudWatch::Dashboard',
    'AWS::IAM::Policy',
    'AWS::Lambda::Alias',
    'AWS::Lambda::EventInvokeConfig',
    'AWS::Lambda::Permission',
    'AWS::Lambda::Version',
    'AWS::Logs::QueryDefinition',
    'AWS::SNS::Subscription',
    'AWS::SNS::TopicPolicy',
    'AWS::SQS::QueuePolicy',
  ];
  for (const { id, Type, Properties } of all.filter((r) => !untaggable.includes(r.Type))) {
    expect(Properties.Tags, `${Type} ${id}`).toEqual([
      { Key: 'app', Value: 'podthaw' },
      { Key: 'team', Value: 'platform' },
    ]);
  }
});

describe('a KMS key', () => {
  test('encrypts topic, table and logs where it is given', () => {
    const key = options.key.kmsKeyArn;
    const ids = [
      ...ofType(all, 'AWS::SNS::Topic').map((r) => r.Properties.KmsMasterKeyId),
      ...ofType(all, 'AWS::Logs::LogGroup').map((r) => r.Properties.KmsKeyId),
    ];
    expect(ids).toEqual([expect.stringContaining('1234abcd'), key, key, key]);
    const [table] = ofType(all, 'AWS::DynamoDB::Table');
    expect(table?.Properties.SSESpecification).toMatchObject({ KMSMasterKeyId: key });
  });

  test('is not asked for where it is not', () => {
    const resources = resourcesOf(templateOf(clusters.one).toJSON());
    const others = resources.filter((r) => r.Type !== 'AWS::SSM::Document');
    expect(JSON.stringify(others)).not.toMatch(/kms/i);
  });

  test('of the same app lets CloudWatch publish under it', () => {
    const stack = new Stack(newApp(), 'own');
    const encryptionKey = new Key(stack, 'Key');
    new Podthaw(stack, 'Podthaw', { settings: clusters.one, encryptionKey });
    const [key] = ofType(resourcesOf(Template.fromStack(stack).toJSON()), 'AWS::KMS::Key');
    expect(JSON.stringify(key?.Properties.KeyPolicy)).toMatch(/"cloudwatch\.amazonaws\.com"/);
  });
});

test("another construct's alarm can start a run", () => {
  const stack = new Stack(newApp(), 'other');
  const podthaw = new Podthaw(stack, 'Podthaw', { settings: clusters.one });
  const metric = new Metric({ namespace: 'Mine', metricName: 'Stuck' });
  const alarm = new Alarm(stack, 'Mine', { metric, threshold: 1, evaluationPeriods: 1 });
  alarm.addAlarmAction(podthaw.alarmAction);
  const resources = resourcesOf(Template.fromStack(stack).toJSON());
  const mine = resources.find((r) => r.Properties.Namespace === 'Mine');
  expect(refersTo(mine?.Properties.AlarmActions)).toEqual([
    expect.stringContaining('RemediateFunctionAliaslive'),
  ]);
});

test('two deployments in one account have no name in common', () => {
  const namesOf = (stackName: string) => {
    const stack = new PodthawStack(newApp(), stackName, { settings: everything });
    return resourcesOf(Template.fromStack(stack).toJSON())
      .filter((r) => r.Type !== 'AWS::Lambda::Alias')
      .flatMap((r) => Object.entries(r.Properties))
      .filter(([key]) => /^(Function|Alarm|Dashboard|Configuration|)Name$/.test(key))
      .map(([, name]) => name)
      .filter((name) => typeof name === 'string');
  };
  const first = namesOf('podthaw');
  expect(first.length).toBeGreaterThan(20);
  expect(namesOf('podthaw-eu').filter((name) => first.includes(name))).toEqual([]);
});

test("the example's settings can be synthesized, not deployed", () => {
  const stack = new PodthawStack(newApp(), 'podthaw', {
    settings: clusters.one,
    deployable: false,
  });
  const { OwnSettings } = Template.fromStack(stack).toJSON().Rules;
  expect(OwnSettings.Assertions[0]).toEqual({
    Assert: { 'Fn::Equals': ['the example', 'own settings'] },
    AssertDescription: expect.stringContaining('podthaw.json'),
  });
  expect(templateOf(clusters.one).toJSON().Rules ?? {}).not.toHaveProperty('OwnSettings');
});

test('the dashboard shows the metrics that the functions emit', () => {
  const [board] = ofType(all, 'AWS::CloudWatch::Dashboard');
  const { widgets } = JSON.parse(flat(board?.Properties.DashboardBody));
  const text = JSON.stringify(widgets);
  const searched = [...text.matchAll(/\{(Podthaw,[a-z,]+)\} MetricName=\W+(\w+)/g)];
  expect(new Set(searched.map(([, schema, name]) => `${name} by ${schema}`))).toEqual(
    new Set([
      'StuckPods by Podthaw,cluster',
      'OldestStuckSeconds by Podthaw,cluster',
      'SecondsToGone by Podthaw,cluster',
      'Outcomes by Podthaw,cluster,outcome',
    ]),
  );
});

test('the whole template, hashes masked', () => {
  const changing = { runCommand: 'freezer.sh', Code: 'bundle' } as Record<string, string>;
  const masked = JSON.stringify(template.toJSON(), (key, value) => changing[key] ?? value, 1)
    .replaceAll(/(CurrentVersion)[0-9A-F]{8}[0-9a-f]{32}/g, '$1HASH')
    .replaceAll(/([A-Za-z]+?)[0-9A-F]{8}(?=["/\\])/g, '$1HASH');
  expect(masked).toMatchSnapshot();
});
