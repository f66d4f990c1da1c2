/** What a deployment is told: written in podthaw.json, checked at synth, read by every function. */
import * as z from 'zod';

const seconds = (least: number, most: number) => z.int().min(least).max(most);

/** One EKS cluster that podthaw looks after, as the functions know it. */
const clusterShape = {
  /** The EKS cluster's name, as `aws eks list-clusters` prints it. */
  name: z.string().regex(/^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/, 'an EKS cluster name'),
  /** Tag that the cluster's instances carry; default `kubernetes.io/cluster/NAME`. */
  instanceTagKey: z.string().min(1).max(128).optional(),
  /** Value of that tag; default `owned`. */
  instanceTagValue: z.string().min(1).max(256).default('owned'),
};

/** How the stack gives the functions access to a cluster. */
const clusterAccessShape = {
  /**
   * How the functions may list pods: `view` = an EKS access entry with AmazonEKSViewPolicy;
   * `group` = an access entry in the Kubernetes group `podthaw`, which your own RBAC binds;
   * `none` = you map the roles yourself (clusters still on the aws-auth ConfigMap).
   */
  access: z.enum(['view', 'group', 'none']).default('view'),
};

/** How much one run may touch: the larger of a share of the cluster's nodes and a floor. */
const blastRadiusSchema = z.strictObject({
  /** Share of the cluster's nodes that one run may send a thaw to, 0–1. */
  share: z.number().min(0).max(1).default(0.1),
  /** Nodes that a run may always send a thaw to, however small the cluster. */
  floor: z.int().min(1).max(5000).default(3),
});

/** What the functions read as well as the stack. */
const functionShape = {
  /** `thaw` acts; `observe` makes every thaw a check. No default: whoever deploys says it. */
  mode: z.enum(['thaw', 'observe']),
  clusters: z.array(z.strictObject(clusterShape)).min(1),
  /** Seconds past `deletionTimestamp` (which includes the grace period) that make a pod stuck. */
  stuckAfterSeconds: seconds(30, 86_400).default(120),
  /** freezer.sh --settle: a freeze counts when it shows for this long. */
  settleSeconds: seconds(0, 30).default(10),
  /** freezer.sh --wait: how long the node watches tasks exit. */
  waitSeconds: seconds(0, 60).default(20),
  /** How long a run looks for a pod to leave the API after its thaw. */
  confirmSeconds: seconds(0, 300).default(60),
  /** Pods here are reported, never thawed. */
  protectedNamespaces: z.array(z.string().min(1)).default(['kube-system']),
  blastRadius: blastRadiusSchema.prefault({}),
  /** Where people read docs/runbook.md (a repository, a wiki): messages link to its sections. */
  runbookUrl: z.url({ protocol: /^https$/, error: 'an https URL' }).optional(),
};

/** An ARN of one service; the partition is left open (aws, aws-cn, aws-us-gov). */
const arn = (service: string, resource: string, expected: string) =>
  z
    .string()
    .regex(new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:[0-9]{12}:${resource}$`), expected);

const topicArn = arn('sns', '[A-Za-z0-9_-]{1,256}', 'the ARN of a standard SNS topic');

/** What only the stack reads. */
const deploymentShape = {
  /** Begins the names of functions and alarms; another name is another deployment. */
  stackName: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,39}$/, 'letters, digits and dashes, at most 40')
    .default('podthaw'),
  clusters: z.array(z.strictObject({ ...clusterShape, ...clusterAccessShape })).min(1),
  /** How often the detector lists the pods. */
  detectEveryMinutes: z.int().min(1).max(15).default(1),
  /** How often the whole handler runs without any alarm: what sticks while an alarm is up, retries. */
  sweepEveryMinutes: z.int().min(1).max(60).default(5),
  /** Alarms that exist already and whose names begin so: their state changes start a run. */
  alarmNamePrefixes: z.array(z.string().min(1).max(255)).default([]),
  /** SNS topics that exist already and carry alarms: each is subscribed to. */
  alarmTopicArns: z.array(topicArn).default([]),
  /** Readers of every notification; each confirms by a link that SNS sends. */
  emails: z.array(z.email('an e-mail address')).default([]),
  /** Secrets Manager ARN or name of the Slack webhook's URL. Never the URL itself. */
  slackSecretId: z
    .string()
    .regex(
      /^(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[\w/+=.@-]{1,512}-\w{6}|[\w/+=.@-]{1,512})$/,
      "a secret's name or whole ARN (never the webhook's URL)",
    )
    .optional(),
  /** A channel that Amazon Q Developer in chat applications (AWS Chatbot) posts to. */
  amazonQ: z
    .strictObject({
      slackWorkspaceId: z.string().regex(/^[0-9A-Z]{1,255}$/, 'a Slack workspace id (T…)'),
      slackChannelId: z.string().regex(/^[0-9A-Za-z]{1,255}$/, 'a Slack channel id (C…)'),
    })
    .optional(),
  /** Further SNS topics that are told when podthaw itself is ill (a pager's, say). */
  healthTopicArns: z.array(topicArn).default([]),
  /** Puts the functions that call the Kubernetes API into a VPC, for private endpoints. */
  vpc: z
    .strictObject({
      subnetIds: z
        .array(z.string().regex(/^subnet-[0-9a-f]{8,17}$/, 'a subnet id'))
        .min(1)
        .max(16),
      securityGroupIds: z
        .array(z.string().regex(/^sg-[0-9a-f]{8,17}$/, 'a security group id'))
        .min(1)
        .max(5),
    })
    .optional(),
  /** KMS key for the topic, the table and the logs. Default: keys that AWS owns. */
  kmsKeyArn: arn('kms', 'key/[0-9A-Za-z-]{1,256}', 'the ARN of a KMS key').optional(),
  /** Days that logs are kept, one of those that CloudWatch Logs knows. */
  logRetentionDays: z
    .literal([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653])
    .default(90),
  /** Tags on everything that the stack makes, beside `app: podthaw`. */
  tags: z.record(z.string().min(1).max(128), z.string().max(256)).default({}),
};

/** What podthaw.json may hold. Unknown fields are errors: a misspelt limit must not pass silently. */
export const settingsSchema = z
  .strictObject({ ...functionShape, ...deploymentShape })
  .check(clusterNamesDiffer, windowsFit, someoneBesideSlack);

const functionSchema = z.object({
  ...functionShape,
  clusters: z.array(z.object(clusterShape)),
});

/** What a function reads from PODTHAW_SETTINGS: the settings, and what the stack made for them. */
const deployedSettingsSchema = z.strictObject({
  ...functionShape,
  resources: z.strictObject({
    documentName: z.string().min(1),
    topicArn: z.string().min(1),
    claimsTable: z.string().min(1).optional(),
    /** CloudWatch dashboard, for links in messages. */
    dashboardName: z.string().min(1).optional(),
    /** Secrets Manager ARN or name of the Slack webhook's URL. Never the URL itself. */
    slackSecretId: z.string().min(1).optional(),
  }),
});

export type Settings = z.infer<typeof settingsSchema>;
export type SettingsInput = z.input<typeof settingsSchema>;
export type DeployedSettings = z.infer<typeof deployedSettingsSchema>;
type Windows = { settleSeconds: number; waitSeconds: number };
type Deployment = z.infer<z.ZodObject<typeof deploymentShape>>;
export type Cluster = Omit<Settings['clusters'][number], 'access'>;

/** The claims table's attributes, agreed between the stack and the adapter. */
export const claimsTableKeys = {
  partition: 'id',
  expiry: 'expiresAt',
  /** Sparse: only what people were told of and is not over stands in this index, by cluster. */
  openIndex: 'open',
  openIn: 'openIn',
  openSince: 'openSince',
  open: 'open',
} as const;

/** Thrown when settings do not fit; `message` names each field, what it held and what was expected. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

/** Parses podthaw.json's content; `source` is what an error calls it. @throws SettingsError */
export function parseSettings(input: unknown, source = 'podthaw.json'): Settings {
  return parse(settingsSchema, input, source);
}

/** Parses PODTHAW_SETTINGS, already read from JSON. @throws SettingsError */
export function parseDeployedSettings(input: unknown): DeployedSettings {
  return parse(deployedSettingsSchema, input, 'PODTHAW_SETTINGS');
}

/** What of the settings the functions need: it must fit Lambda's 4 KB of environment. */
export function functionSettings(settings: Settings): z.infer<typeof functionSchema> {
  return functionSchema.parse(settings);
}

/** The tag that tells a cluster's instances from others: `[key, value]`. */
export function instanceTag(cluster: Cluster): readonly [key: string, value: string] {
  return [
    cluster.instanceTagKey ?? `kubernetes.io/cluster/${cluster.name}`,
    cluster.instanceTagValue,
  ];
}

function clusterNamesDiffer({ value, issues }: z.core.ParsePayload<{ clusters: Cluster[] }>) {
  const names = value.clusters.map((cluster) => cluster.name);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice === undefined) return;
  const message = 'each cluster once';
  issues.push({ code: 'custom', path: ['clusters'], input: twice, message });
}

/** SSM ends the command at 120 s; another thaw may hold the node's lock for 30 of them. */
function windowsFit({ value, issues }: z.core.ParsePayload<Windows>) {
  if (value.settleSeconds + value.waitSeconds <= 80) return;
  const message = 'with settleSeconds at most 80';
  issues.push({ code: 'custom', path: ['waitSeconds'], input: value.waitSeconds, message });
}

/** A failing Slack cannot tell of itself in Slack. */
function someoneBesideSlack({ value, issues }: z.core.ParsePayload<Deployment>) {
  const others = [...value.emails, ...value.healthTopicArns, ...(value.amazonQ ? ['q'] : [])];
  if (value.slackSecretId === undefined || others.length > 0) return;
  const message = 'with slackSecretId, also one of emails, healthTopicArns or amazonQ';
  issues.push({ code: 'custom', path: ['emails'], input: value.emails, message });
}

function parse<T extends z.ZodType>(schema: T, input: unknown, source: string): z.infer<T> {
  const parsed = schema.safeParse(input, { reportInput: true });
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(describeIssue).join('; ');
  // Without zod's error as a cause: it holds the input, which a log or a stack trace would show.
  throw new SettingsError(`${source}: ${faults}`);
}

function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${[...issue.path, key].join('.')}: no such field`).join('; ');
  }
  const field = issue.path.join('.') || '(the whole)';
  return `${field}: got ${show(issue.input)}: ${issue.message}`;
}

/** A webhook's URL is a secret: whoever pastes one is told without its path. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  return JSON.stringify(value).replaceAll(/(\w+:\/\/[^/"]+)\/[^"]*/g, '$1/…');
}
