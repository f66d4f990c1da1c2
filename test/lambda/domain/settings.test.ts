import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  functionSettings,
  instanceTag,
  parseDeployedSettings,
  parseSettings,
  SettingsError,
} from '../../../lambda/domain/settings.ts';

const least = { mode: 'observe', clusters: [{ name: 'prod' }] };
const topic = 'arn:aws:sns:eu-west-1:444455556666:ops';
const webhook = 'https://hooks.slack.com/services/T000/B000/secret';

describe('defaults', () => {
  test('are written down: whatever is left out', () => {
    expect(parseSettings(least)).toEqual({
      mode: 'observe',
      stackName: 'podthaw',
      clusters: [{ name: 'prod', instanceTagValue: 'owned', access: 'view' }],
      stuckAfterSeconds: 120,
      settleSeconds: 10,
      waitSeconds: 20,
      confirmSeconds: 60,
      protectedNamespaces: ['kube-system'],
      blastRadius: { share: 0.1, floor: 3 },
      detectEveryMinutes: 1,
      sweepEveryMinutes: 5,
      alarmNamePrefixes: [],
      alarmTopicArns: [],
      emails: [],
      healthTopicArns: [],
      logRetentionDays: 90,
      tags: {},
    });
  });

  test('change nothing when they are parsed again', () => {
    const settings = parseSettings(least);
    expect(parseSettings(settings)).toEqual(settings);
  });
});

describe('accepted', () => {
  test.each([
    [
      'another tag',
      { clusters: [{ name: 'prod', instanceTagKey: 'team', instanceTagValue: 'a' }] },
    ],
    ['a cluster without the view policy', { clusters: [{ name: 'prod', access: 'group' }] }],
    ['no protected namespace', { protectedNamespaces: [] }],
    ['a share of nothing: the floor alone', { blastRadius: { share: 0 } }],
    ["a secret's name", { slackSecretId: 'podthaw/slack', emails: ['a@example.com'] }],
    [
      "a secret's ARN",
      {
        slackSecretId: 'arn:aws-us-gov:secretsmanager:us-gov-west-1:444455556666:secret:s-AbC123',
        healthTopicArns: [topic],
      },
    ],
    [
      'Slack twice over',
      { slackSecretId: 's', amazonQ: { slackWorkspaceId: 'T0AB', slackChannelId: 'C0AB' } },
    ],
    ['a topic in China', { alarmTopicArns: [topic.replace('aws', 'aws-cn')] }],
    ['a KMS key', { kmsKeyArn: 'arn:aws:kms:eu-west-1:444455556666:key/mrk-1234' }],
    ['a VPC', { vpc: { subnetIds: ['subnet-0a1b2c3d'], securityGroupIds: ['sg-0a1b2c3d'] } }],
  ])('%s', (_, given) => {
    expect(parseSettings({ ...least, ...given })).toMatchObject(given);
  });
});

describe('refused, with the field, the value and what was expected', () => {
  test.each([
    [
      'no mode',
      { mode: undefined },
      'mode: got nothing: Invalid option: expected one of "thaw"|"observe"',
    ],
    ['another mode', { mode: 'dry-run' }, 'mode: got "dry-run": Invalid option'],
    ['no clusters', { clusters: [] }, 'clusters: got []: Too small'],
    [
      'a cluster twice',
      { clusters: [{ name: 'a' }, { name: 'a' }] },
      'clusters: got "a": each cluster once',
    ],
    [
      'a name no cluster has',
      { clusters: [{ name: 'a/b' }] },
      'clusters.0.name: got "a/b": an EKS cluster name',
    ],
    ['a misspelt field', { stuckAfterSecond: 60 }, 'stuckAfterSecond: no such field'],
    ['a misspelt limit', { blastRadius: { flor: 1 } }, 'blastRadius.flor: no such field'],
    ['impatience', { stuckAfterSeconds: 29 }, 'stuckAfterSeconds: got 29: Too small'],
    ['a share in per cent', { blastRadius: { share: 10 } }, 'blastRadius.share: got 10: Too big'],
    ['no floor', { blastRadius: { floor: 0 } }, 'blastRadius.floor: got 0: Too small'],
    [
      'a stack name that CloudFormation refuses',
      { stackName: 'pod_thaw' },
      'stackName: got "pod_thaw"',
    ],
    ['a fraction of a minute', { detectEveryMinutes: 0.5 }, 'detectEveryMinutes: got 0.5'],
    ['a wait beyond the script', { waitSeconds: 61 }, 'waitSeconds: got 61: Too big'],
    [
      'windows that outlast the command',
      { settleSeconds: 30, waitSeconds: 60 },
      'waitSeconds: got 60: with settleSeconds at most 80',
    ],
    [
      'a topic by name',
      { alarmTopicArns: ['ops'] },
      'alarmTopicArns.0: got "ops": the ARN of a standard SNS topic',
    ],
    ['a FIFO topic', { alarmTopicArns: [`${topic}.fifo`] }, 'the ARN of a standard SNS topic'],
    ['an empty prefix: every alarm', { alarmNamePrefixes: [''] }, 'alarmNamePrefixes.0: got ""'],
    ['no address', { emails: ['oncall'] }, 'emails.0: got "oncall": an e-mail address'],
    [
      'an alias of a key',
      { kmsKeyArn: 'alias/mine' },
      'kmsKeyArn: got "alias/mine": the ARN of a KMS key',
    ],
    [
      'a VPC without security group',
      { vpc: { subnetIds: ['subnet-0a1b2c3d'] } },
      'vpc.securityGroupIds: got nothing',
    ],
    ['a day count that Logs lacks', { logRetentionDays: 10 }, 'logRetentionDays: got 10'],
    ['Slack alone', { slackSecretId: 's' }, 'emails: got []: with slackSecretId, also one of'],
    [
      'half an ARN of a secret',
      { slackSecretId: 'arn:aws:secretsmanager:eu-west-1:444455556666:secret:s' },
      'slackSecretId: got',
    ],
  ])('%s', (_, given, message) => {
    const parse = () => parseSettings({ ...least, ...given });
    expect(parse).toThrow(SettingsError);
    expect(parse).toThrow(message);
  });

  test('names every fault and the file', () => {
    const faulty = { mode: 'x', clusters: 'prod' };
    expect(() => parseSettings(faulty, 'eu.json')).toThrow(/^eu\.json: mode: .*; clusters: /);
  });

  test("a webhook's URL, without repeating it, however deep one looks", () => {
    const parse = () => parseSettings({ ...least, slackSecretId: webhook });
    expect(parse).toThrow('slackSecretId: got "https://hooks.slack.com/…": a secret\'s name');
    try {
      parse();
    } catch (error) {
      expect(inspect(error, { depth: null })).not.toContain('T000');
    }
    expect.assertions(2);
  });

  test.each([null, undefined, 'thaw', 7, []])('%j for the whole', (input) => {
    expect(() => parseSettings(input)).toThrow(/^podthaw\.json: \(the whole\): got /);
  });
});

describe('what the functions get', () => {
  const resources = { documentName: 'd', topicArn: topic };
  const full = parseSettings({ ...least, emails: ['a@example.com'], tags: { a: 'b' } });

  test('is what they need, in a form that they accept', () => {
    const needed = functionSettings(full);
    expect(parseDeployedSettings({ ...needed, resources })).toEqual({ ...needed, resources });
    expect(JSON.stringify(needed)).not.toMatch(/example\.com|access|tags"/);
  });

  test('an unknown field is refused there too', () => {
    expect(() => parseDeployedSettings({ ...full, resources })).toThrow(
      /^PODTHAW_SETTINGS: .*emails: no such field/,
    );
  });

  test('without resources they do not start', () => {
    expect(() => parseDeployedSettings(functionSettings(full))).toThrow('resources: got nothing');
  });
});

describe('the tag of instances', () => {
  test.each([
    [{ name: 'prod', instanceTagValue: 'owned' }, ['kubernetes.io/cluster/prod', 'owned']],
    [{ name: 'prod', instanceTagKey: 'team', instanceTagValue: 'a' }, ['team', 'a']],
  ])('%j', (cluster, tag) => {
    expect(instanceTag(cluster)).toEqual(tag);
  });
});
