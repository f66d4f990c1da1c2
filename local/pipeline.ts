/** The whole pipeline on one machine: unchanged handlers, against loopback endpoints. */
import { randomUUID } from 'node:crypto';
import { makeHandler as makeDetect } from '../lambda/detect.ts';
import type { DeployedSettings, Settings } from '../lambda/domain/settings.ts';
import { functionSettings } from '../lambda/domain/settings.ts';
import { makeHandler as makeNotifySlack } from '../lambda/notify-slack.ts';
import { makeHandler as makeRemediate } from '../lambda/remediate.ts';
import { type DynamoDbEndpoint, startDynamoDb } from './endpoints/dynamodb.ts';
import { type Ec2Endpoint, type Ec2Instance, startEc2 } from './endpoints/ec2.ts';
import { type EksEndpoint, startEks } from './endpoints/eks.ts';
import {
  type KubernetesEndpoint,
  type KubernetesOptions,
  startKubernetes,
} from './endpoints/kubernetes.ts';
import { type SecretsEndpoint, startSecrets } from './endpoints/secrets.ts';
import type { Endpoint } from './endpoints/server.ts';
import { type SlackEndpoint, startSlack } from './endpoints/slack.ts';
import { type SnsEndpoint, startSns } from './endpoints/sns.ts';
import { type SsmEndpoint, type SsmOptions, startSsm } from './endpoints/ssm.ts';
import type { ManagedInstance } from './endpoints/ssm-invocation.ts';
import { lambdaContext } from './lambda-context.ts';
import { pointSdkAt } from './sdk-environment.ts';
import { synthesizedDocument, synthesizedTable } from './synthesized-document.ts';

export interface PipelineOptions {
  settings: Settings;
  kubernetes?: Pick<KubernetesOptions, 'pods' | 'generated'>;
  /** Nodes: each an instance that EC2 knows and SSM manages. */
  nodes: (Ec2Instance & Omit<ManagedInstance, 'instanceId'>)[];
  ssm?: Pick<SsmOptions, 'environment' | 'hiddenMs' | 'onCommand' | 'onReport'>;
  /** Milliseconds that an invocation may take; default five minutes, as deployed. */
  timeoutMs?: number;
}

export interface Pipeline {
  /** Invokes the remediation as Lambda would, and waits until Slack has been told. */
  invoke(event: unknown, runId?: string): ReturnType<ReturnType<typeof makeRemediate>>;
  /** Runs the detector once. */
  detect(): Promise<void>;
  dynamodb: DynamoDbEndpoint;
  ssm: SsmEndpoint;
  sns: SnsEndpoint;
  ec2: Ec2Endpoint;
  eks: EksEndpoint;
  kubernetes: KubernetesEndpoint;
  secrets: SecretsEndpoint;
  slack: SlackEndpoint;
  close(): Promise<void>;
}

/** As deployed. */
const DETECT_MS = 120_000;
/** Whom every endpoint knows; clusters that a test adds must know them too. */
export const CREDENTIALS = { accessKeyId: 'AKIALOOPBACK00000000', secretAccessKey: 'loopback' };
const REGION = 'eu-central-1';
const TOPIC = `arn:aws:sns:${REGION}:111122223333:podthaw`;
const DOCUMENT = 'podthaw-freezer';
const TABLE = 'podthaw-claims';
const SECRET = 'podthaw/slack-webhook';

/** Starts every endpoint and points the AWS SDK at them. `close` undoes both. */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const endpoints = await startEndpoints(options);
  const restore = pointSdkAt(endpoints, {
    region: REGION,
    credentials: CREDENTIALS,
    settings: deployed(options.settings),
  });
  // New containers, as after a deployment: no client that still knows another pipeline.
  const remediate = makeRemediate();
  const detect = makeDetect();
  endpoints.sns.subscribe(TOPIC, makeNotifySlack());
  return {
    ...endpoints,
    detect: () => detect({}, lambdaContext(randomUUID(), DETECT_MS)),
    invoke: async (event, runId = randomUUID()) => {
      const outcome = await remediate(event, lambdaContext(runId, options.timeoutMs ?? 300_000));
      await endpoints.sns.settled();
      return outcome;
    },
    close: async () => {
      restore();
      await Promise.all(Object.values<Endpoint>(endpoints).map((endpoint) => endpoint.close()));
    },
  };
}

async function startEndpoints({ settings, nodes, ...options }: PipelineOptions) {
  const clusterName = settings.clusters[0]?.name ?? '';
  const [kubernetes, slack] = await Promise.all([
    startKubernetes({ clusterName, credentials: CREDENTIALS, ...options.kubernetes }),
    startSlack(),
  ]);
  const [dynamodb, ssm, sns, ec2, eks, secrets] = await Promise.all([
    startClaimsTable(settings),
    startSsm({
      documents: [{ name: DOCUMENT, content: synthesizedDocument(settings) }],
      instances: nodes,
      ...options.ssm,
    }),
    startSns([TOPIC]),
    startEc2(nodes),
    startEks([{ name: clusterName, endpoint: kubernetes.url, caPem: kubernetes.caPem }]),
    startSecrets([[SECRET, slack.webhookUrl]]),
  ]);
  return { dynamodb, ssm, sns, ec2, eks, kubernetes, secrets, slack };
}

async function startClaimsTable(settings: Settings): Promise<DynamoDbEndpoint> {
  const dynamodb = await startDynamoDb();
  await dynamodb.createTable(TABLE, { cloudFormation: synthesizedTable(settings) });
  return dynamodb;
}

/** What the stack would put into PODTHAW_SETTINGS. */
function deployed(settings: Settings): DeployedSettings {
  return {
    ...functionSettings(settings),
    resources: {
      documentName: DOCUMENT,
      topicArn: TOPIC,
      claimsTable: TABLE,
      slackSecretId: SECRET,
    },
  };
}
