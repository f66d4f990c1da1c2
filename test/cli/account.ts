/** An AWS account on loopback as the doctor finds it: well, until a test makes something ill. */

import { json, jsonError } from '../../local/endpoints/aws-json.ts';
import { awsQuery, element } from '../../local/endpoints/aws-query.ts';
import { type Ec2Instance, startEc2 } from '../../local/endpoints/ec2.ts';
import { startLambda } from '../../local/endpoints/lambda.ts';
import { startSecrets } from '../../local/endpoints/secrets.ts';
import { type Endpoint, listen, ServiceError } from '../../local/endpoints/server.ts';
import { startSlack } from '../../local/endpoints/slack.ts';
import { startSsm } from '../../local/endpoints/ssm.ts';
import { sampleOutcome } from '../lambda/domain/message/samples.ts';

const TOPIC = 'arn:aws:sns:eu-central-1:111122223333:podthaw';
const REMEDIATE_ROLE = 'arn:aws:iam::111122223333:role/podthaw-remediate';
const DETECT_ROLE = 'arn:aws:iam::111122223333:role/podthaw-detect';
const VIEW = 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy';
const INSTANCE = 'i-0123456789abcdef0';

/** What a cluster looks like to EKS. */
interface EksState {
  status: string;
  mode: string;
  publicEndpoint: boolean;
  /** Policies of the access entries, by role ARN. */
  entries: Map<string, string[]>;
}

/** Services by the variable that points the SDK at them. */
export async function startAccount() {
  const eksState: EksState = {
    status: 'ACTIVE',
    mode: 'API',
    publicEndpoint: true,
    entries: new Map([REMEDIATE_ROLE, DETECT_ROLE].map((role) => [role, [VIEW]])),
  };
  const subscriptions = { confirmed: 2, pending: 0 };
  const slack = await startSlack();
  const [lambda, eks, ec2, ssm, sns, secrets] = await Promise.all([
    startLambda(functions()),
    startEksAccess(eksState),
    startEc2([instance(INSTANCE)]),
    startSsm({ documents: [], instances: [{ instanceId: INSTANCE }] }),
    startTopic(subscriptions),
    startSecrets([['podthaw/slack', slack.webhookUrl]]),
  ]);
  const endpoints: Record<string, Endpoint> = {
    LAMBDA: lambda,
    EKS: eks,
    EC2: ec2,
    SSM: ssm,
    SNS: sns,
    SECRETS_MANAGER: secrets,
  };
  const close = async () => {
    await Promise.all([slack, ...Object.values(endpoints)].map((endpoint) => endpoint.close()));
  };
  return { endpoints, lambda, eks: eksState, ec2, ssm, subscriptions, secrets, slack, close };
}

export function instance(instanceId: string): Ec2Instance {
  const tags = { 'kubernetes.io/cluster/prod': 'owned' };
  return { instanceId, privateDnsName: `${instanceId}.internal`, tags };
}

function functions() {
  const settings = {
    mode: 'observe',
    clusters: [{ name: 'prod' }],
    resources: { documentName: 'podthaw', topicArn: TOPIC, slackSecretId: 'podthaw/slack' },
  };
  const allow = (Service: string) => ({ Effect: 'Allow', Principal: { Service } });
  const remediate = {
    handler: async (_: unknown): Promise<unknown> => sampleOutcome([]),
    configuration: {
      Role: REMEDIATE_ROLE,
      Environment: { Variables: { PODTHAW_SETTINGS: JSON.stringify(settings) } },
    },
    policy: {
      Version: '2012-10-17',
      Statement: [allow('lambda.alarms.cloudwatch.amazonaws.com'), allow('events.amazonaws.com')],
    },
  };
  const detect = { handler: async () => null, configuration: { Role: DETECT_ROLE } };
  return [
    ['podthaw-remediate', remediate],
    ['podthaw-detect', detect],
  ] as const;
}

/** DescribeCluster, DescribeAccessEntry and ListAssociatedAccessPolicies. */
function startEksAccess(state: EksState): Promise<Endpoint> {
  return listen({
    operationOf: ({ url }) => url.pathname,
    answer: (path) => {
      const [, , , , principal, policies] = path.split('/');
      if (principal === undefined) return json(200, { cluster: clusterView(state) });
      const entry = state.entries.get(decodeURIComponent(principal));
      if (entry === undefined) throw new ServiceError('ResourceNotFoundException', 'no entry', 404);
      const associatedAccessPolicies = entry.map((policyArn) => ({ policyArn }));
      return json(200, policies ? { associatedAccessPolicies } : { accessEntry: {} });
    },
    refuse: jsonError,
  });
}

function clusterView({ status, mode, publicEndpoint }: EksState): object {
  return {
    name: 'prod',
    status,
    accessConfig: { authenticationMode: mode },
    resourcesVpcConfig: { endpointPublicAccess: publicEndpoint },
  };
}

function startTopic(subscriptions: { confirmed: number; pending: number }): Promise<Endpoint> {
  const entry = (key: string, value: number) =>
    `<entry>${element('key', key)}${element('value', String(value))}</entry>`;
  const attributes = () =>
    `<Attributes>${entry('SubscriptionsConfirmed', subscriptions.confirmed)}${entry('SubscriptionsPending', subscriptions.pending)}</Attributes>`;
  const dialect = {
    result: (operation: string, _: string, inner: string) =>
      `<${operation}Response><${operation}Result>${inner}</${operation}Result></${operation}Response>`,
    error: ({ code, message }: ServiceError) =>
      `<ErrorResponse><Error>${element('Code', code)}${element('Message', message)}</Error></ErrorResponse>`,
  };
  return listen(awsQuery(dialect, { GetTopicAttributes: attributes }));
}
