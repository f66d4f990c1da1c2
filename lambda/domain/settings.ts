/** What a deployment is told: written in podthaw.json, checked at synth, read by every function. */
import * as z from 'zod';

const seconds = (least: number, most: number) => z.int().min(least).max(most);

/** Schema of one EKS cluster that podthaw looks after. */
const clusterSchema = z.strictObject({
  /** The EKS cluster's name, as `aws eks list-clusters` prints it. */
  name: z.string().regex(/^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/, 'an EKS cluster name'),
  /** Tag that the cluster's instances carry; default `kubernetes.io/cluster/NAME`. */
  instanceTagKey: z.string().min(1).max(128).optional(),
  /** Value of that tag; default `owned`. */
  instanceTagValue: z.string().min(1).max(256).default('owned'),
});

/** How much one run may touch: the larger of a share of the stuck pods' nodes and a floor. */
const blastRadiusSchema = z.strictObject({
  /** Share of the cluster's nodes that one run may send a thaw to, 0–1. */
  share: z.number().min(0).max(1).default(0.1),
  /** Nodes that a run may always send a thaw to, however small the cluster. */
  floor: z.int().min(1).max(5000).default(3),
});

const settingsShape = {
  /** `thaw` acts; `observe` makes every thaw a check. No default: whoever deploys says it. */
  mode: z.enum(['thaw', 'observe']),
  clusters: z.array(clusterSchema).min(1),
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
};

/** What podthaw.json may hold. Unknown fields are errors: a misspelt limit must not pass silently. */
export const settingsSchema = z.strictObject(settingsShape);

/** What a function reads from PODTHAW_SETTINGS: the settings, and what the stack made for them. */
export const deployedSettingsSchema = z.strictObject({
  ...settingsShape,
  resources: z.strictObject({
    documentName: z.string().min(1),
    topicArn: z.string().min(1),
    claimsTable: z.string().min(1).optional(),
    /** Secrets Manager ARN or name of the Slack webhook's URL. Never the URL itself. */
    slackSecretId: z.string().min(1).optional(),
  }),
});

export type Settings = z.infer<typeof settingsSchema>;
export type SettingsInput = z.input<typeof settingsSchema>;
export type DeployedSettings = z.infer<typeof deployedSettingsSchema>;
export type Cluster = Settings['clusters'][number];

/** Thrown when settings do not fit; `message` names each field, what it held and what was expected. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

/** Parses podthaw.json's content. @throws SettingsError */
export function parseSettings(input: unknown): Settings {
  return parse(settingsSchema, input, 'podthaw.json');
}

/** Parses PODTHAW_SETTINGS, already read from JSON. @throws SettingsError */
export function parseDeployedSettings(input: unknown): DeployedSettings {
  return parse(deployedSettingsSchema, input, 'PODTHAW_SETTINGS');
}

/** The tag that tells a cluster's instances from others: `[key, value]`. */
export function instanceTag(cluster: Cluster): readonly [key: string, value: string] {
  return [
    cluster.instanceTagKey ?? `kubernetes.io/cluster/${cluster.name}`,
    cluster.instanceTagValue,
  ];
}

function parse<T extends z.ZodType>(schema: T, input: unknown, source: string): z.infer<T> {
  const parsed = schema.safeParse(input, { reportInput: true });
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(describeIssue).join('; ');
  throw new SettingsError(`${source}: ${faults}`, { cause: parsed.error });
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const field = issue.path.join('.') || '(the whole)';
  const got = issue.input === undefined ? 'nothing' : JSON.stringify(issue.input);
  return `${field}: got ${got}: ${issue.message}`;
}
