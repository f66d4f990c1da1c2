/** `podthaw doctor`: what a first deployment gets wrong, each with its remedy. Reads only. */
import { EC2Client } from '@aws-sdk/client-ec2';
import { EKSClient } from '@aws-sdk/client-eks';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import { printable } from '../../lambda/domain/message/printable.ts';
import { type Account, accountConfig, invokingClient } from '../clients.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';
import { checkCluster, checkLook } from './cluster.ts';
import { type Deployment, findDeployment } from './deployment.ts';
import { examine, type Finding } from './finding.ts';
import { checkNodes } from './nodes.ts';
import { checkTopic, checkWebhook } from './readers.ts';
import { checkCallers, checkSelf } from './triggers.ts';

export interface DoctorOptions extends Account {
  stack: string;
  json?: boolean;
}

export const DOCTOR_EXIT_HELP = `Exit codes:
  0  nothing is ill
  1  something is ill: its remedy is beside it
  2  no such option
  3  the deployment could not be looked at`;

/** Says each finding as it is made. @returns 1 where something is ill, 3 where nothing could be examined */
export async function diagnose(options: DoctorOptions, terminal: Terminal): Promise<ExitCode> {
  const findings: Finding[] = [];
  for await (const found of examinations(options)) {
    findings.push(...found);
    if (!options.json) for (const finding of found) terminal.print(describe(finding));
  }
  if (options.json) terminal.print(JSON.stringify(findings, null, 2));
  if (findings.some(({ state }) => state === 'ill')) return EXIT.left;
  return findings[0]?.state === 'unknown' ? EXIT.failed : EXIT.done;
}

async function* examinations(options: DoctorOptions): AsyncGenerator<Finding[]> {
  const client = invokingClient(options);
  let deployment: Deployment | undefined;
  yield await examine('deployment', async () => {
    const found = await findDeployment(client, options.stack);
    deployment = found.deployment;
    return found.findings;
  });
  if (deployment === undefined) return;
  for (const [check, look] of checksOf(options, deployment)) yield await examine(check, look);
}

type Check = readonly [check: string, look: () => Promise<Finding[]>];

function checksOf(options: DoctorOptions, deployment: Deployment): Check[] {
  const config = accountConfig(options);
  const lambda = invokingClient(options);
  const [eks, ec2, ssm] = [new EKSClient(config), new EC2Client(config), new SSMClient(config)];
  const name = `${options.stack}-remediate`;
  const { clusters, resources } = deployment.settings;
  return [
    ['alarms', () => checkCallers(lambda, name)],
    ['you', () => checkSelf(lambda, name)],
    ...clusters.flatMap((cluster): Check[] => [
      [`cluster ${cluster.name}`, () => checkCluster(eks, cluster.name, deployment)],
      [`look at ${cluster.name}`, () => checkLook(lambda, `${name}:live`, cluster.name)],
      [`nodes of ${cluster.name}`, () => checkNodes(ec2, ssm, cluster)],
    ]),
    ['topic', () => checkTopic(new SNSClient(config), resources.topicArn)],
    ['Slack', () => checkWebhook(new SecretsManagerClient(config), resources.slackSecretId)],
  ];
}

const MARKS = { well: 'ok     ', ill: 'ILL    ', unknown: 'unknown' } as const;

function describe({ check, state, detail, remedy }: Finding): string {
  const line = `${MARKS[state]}  ${check}: ${printable(detail, 1_000)}`;
  return remedy === undefined ? line : `${line}\n         → ${remedy}`;
}
