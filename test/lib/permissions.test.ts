import { describe, expect, test } from 'vitest';
import { claimsTableKeys } from '../../lambda/domain/settings.ts';
import { clusters, everything, options, templateOf } from './deployment.ts';
import { flat, grantsOf, ofType, refersTo, resourcesOf, statementsOf } from './template.ts';

const all = resourcesOf(templateOf(everything).toJSON());
const grants = grantsOf(all);

describe('SendCommand', () => {
  const sends = grants.filter((s) => s.Action.some((a) => /^(ssm:SendCommand|ssm:\*|\*)$/.test(a)));
  const tags = [
    { 'ssm:resourceTag/kubernetes.io/cluster/prod': 'owned' },
    { 'ssm:resourceTag/kubernetes.io/cluster/stage': 'owned' },
    { 'ssm:resourceTag/team': 'lab' },
  ];

  test("reaches an instance only by a cluster's tag", () => {
    const instances = sends.filter((s) => s.Resource.some((r) => !/:document\//.test(r)));
    expect(instances.map((s) => s.Condition)).toEqual(tags.map((tag) => ({ StringEquals: tag })));
    for (const { Resource } of instances)
      expect(Resource).toEqual([expect.stringMatching(/:instance\/\*$/)]);
  });

  test('runs our document and no other', () => {
    const documents = sends.filter((s) => s.Condition === undefined);
    const [own] = ofType(all, 'AWS::SSM::Document');
    expect(documents.map((s) => s.Resource)).toEqual([
      [`arn:AWS::Partition:ssm:AWS::Region:AWS::AccountId:document/${own?.id}`],
    ]);
  });

  test("is the remediating function's alone", () => {
    const others = grantsOf(all, /^Podthaw(Detect|NotifySlack)/).flatMap((s) => s.Action);
    expect(others.filter((a) => a.startsWith('ssm:'))).toEqual([]);
  });
});

test('what is open is read from its index, the table itself is never searched', () => {
  const searches = grants.filter((s) => s.Action.some((a) => /^dynamodb:(Query|Scan)$/.test(a)));
  const [table] = ofType(all, 'AWS::DynamoDB::Table');
  expect(searches.map((s) => [s.Action, s.Resource])).toEqual([
    [['dynamodb:Query'], [`${table?.id}/index/${claimsTableKeys.openIndex}`]],
  ]);
});

describe('roles', () => {
  test('have no wildcard in an action', () => {
    expect(grants.flatMap((s) => s.Action).filter((a) => a.includes('*'))).toEqual([]);
  });

  test("have resource '*' only where IAM knows no narrower one", () => {
    const wide = grants.filter((s) => s.Effect === 'Allow' && s.Resource.includes('*'));
    const actions = new Set(wide.flatMap((s) => s.Action));
    expect([...actions].toSorted()).toEqual([
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeInstances',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
      'ssm:CancelCommand',
      'ssm:DescribeInstanceInformation',
      'ssm:GetCommandInvocation',
      'ssm:ListCommandInvocations',
    ]);
  });

  test('the network rights of Lambda are denied to the code', () => {
    const [denied] = grantsOf(all, /Detect/).filter((s) => s.Effect === 'Deny');
    expect(denied?.Action).toContain('ec2:CreateNetworkInterface');
    const own = flat(denied?.Condition?.ArnEquals?.['lambda:SourceFunctionArn']);
    expect(own).toBe(
      'arn:AWS::Partition:lambda:AWS::Region:AWS::AccountId:function:podthaw-detect',
    );
  });

  test('come from no managed policy', () => {
    const roles = ofType(all, 'AWS::IAM::Role').map((r) => r.Properties.ManagedPolicyArns);
    expect(roles.every((arns) => arns === undefined)).toBe(true);
  });
});

describe('the webhook', () => {
  test("only Slack's function may read it, and only that secret", () => {
    const reads = grants.filter((s) => s.Action.includes('secretsmanager:GetSecretValue'));
    expect(reads.map((s) => s.Resource)).toEqual([
      ['arn:AWS::Partition:secretsmanager:AWS::Region:AWS::AccountId:secret:podthaw/slack-??????'],
    ]);
    expect(grantsOf(all, /NotifySlack/)).toEqual(expect.arrayContaining(reads));
  });

  test('an ARN is taken as it is', () => {
    const slackSecretId = 'arn:aws:secretsmanager:eu-west-1:444455556666:secret:slack-AbCdEf';
    const settings = { ...clusters.one, ...options.slack, slackSecretId };
    const reads = grantsOf(resourcesOf(templateOf(settings).toJSON()), /NotifySlack/).filter((s) =>
      s.Action.includes('secretsmanager:GetSecretValue'),
    );
    expect(reads.map((s) => s.Resource)).toEqual([[slackSecretId]]);
  });

  test('its URL stands nowhere in the template', () => {
    const text = JSON.stringify(templateOf(everything).toJSON());
    expect(text).not.toMatch(/hooks\.slack|\{\{resolve:|SecretString/);
  });
});

describe('clusters', () => {
  const entries = ofType(all, 'AWS::EKS::AccessEntry').map(({ Properties }) => ({
    cluster: Properties.ClusterName,
    role: refersTo(Properties.PrincipalArn)[0]?.replace(/Role.*/, ''),
    groups: Properties.KubernetesGroups,
    policies: JSON.stringify(Properties.AccessPolicies ?? null),
  }));
  const view = expect.stringContaining(':eks::aws:cluster-access-policy/AmazonEKSViewPolicy');

  test('each listing role has one entry per cluster, none where none is wanted', () => {
    expect(entries).toEqual([
      { cluster: 'prod', role: 'PodthawDetect', groups: undefined, policies: view },
      { cluster: 'stage', role: 'PodthawDetect', groups: ['podthaw'], policies: 'null' },
      { cluster: 'prod', role: 'PodthawRemediate', groups: undefined, policies: view },
      { cluster: 'stage', role: 'PodthawRemediate', groups: ['podthaw'], policies: 'null' },
    ]);
  });

  test('only they are described', () => {
    const described = grants.filter((s) => s.Action.includes('eks:DescribeCluster'));
    for (const { Resource } of described) {
      expect(Resource.map((r) => r.split('/')[1])).toEqual(['prod', 'stage', 'lab_2']);
    }
  });
});

describe('the topic', () => {
  const [policy] = ofType(all, 'AWS::SNS::TopicPolicy').map(statementsOf);

  test('refuses plain HTTP', () => {
    expect(policy).toContainEqual(
      expect.objectContaining({
        Effect: 'Deny',
        Principal: '*',
        Action: ['sns:Publish'],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
  });

  test("lets this account's alarms in, and no other", () => {
    expect(policy?.filter((s) => s.Effect === 'Allow')).toEqual([
      expect.objectContaining({
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: ['sns:Publish'],
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    ]);
  });
});
