/** freezer.sh's report, version 1: what one node says of its pods. */
import * as z from 'zod';

export const VERDICTS = [
  'thaw-failed',
  'refrozen',
  'frozen',
  'unknown',
  'thawed',
  'not-frozen',
] as const;

export const CAUSES = [
  'held-freezing',
  'above-pod',
  'pod',
  'nested',
  'paused',
  'outside-pod',
  'nfs',
  'fuse',
  'fsfreeze',
  'block-io',
  'waiting-for-child',
  'zombie',
  'running',
  'no-tasks',
  'unknown',
] as const;

const count = z.int().min(0);
const causeSchema = z.enum(CAUSES);

export const freezeSchema = z.object({
  hierarchy: z.enum(['v1', 'v2']),
  path: z.string(),
  level: z.enum(['container', 'nested', 'pod', 'above-pod', 'outside-pod']),
  container: z.string().optional(),
  before: z.string(),
  after: z.string(),
  action: z.enum(['none', 'thawed', 'left', 'failed', 'lifted-by-other']),
  /** Seconds that the cgroup has been frozen, where the kernel tells. */
  since: z.number().optional(),
});

export const processSchema = z.object({
  pid: count,
  tid: count,
  comm: z.string(),
  state: z.string(),
  wchan: z.string().optional(),
  pending: z.array(z.string()).default([]),
  stack: z.array(z.string()).default([]),
});

const targetSchema = z.object({
  target: z.string(),
  verdict: z.enum(VERDICTS),
  cause: causeSchema,
  reason: z.string().optional(),
  holding: causeSchema.optional(),
  freezes: z.array(freezeSchema).default([]),
  tasks: z
    .object({
      total: count,
      pendingKill: count,
      resumes: count,
      exited: count.optional(),
      left: count.optional(),
    })
    .optional(),
  processes: z.array(processSchema).default([]),
});

const reportSchema = z.object({
  podthaw: z.literal(1),
  action: z.enum(['check', 'thaw']),
  node: z.object({ hostname: z.string(), kernel: z.string(), cgroup: z.string() }),
  startedAt: z.string(),
  durationMs: count,
  targets: z.array(targetSchema),
  absent: z.array(z.string()).default([]),
  quiet: count.optional(),
  truncated: z.union([z.boolean(), z.looseObject({})]).default(false),
});

export type Cause = (typeof CAUSES)[number];
export type Freeze = z.infer<typeof freezeSchema>;
export type TargetReport = z.infer<typeof targetSchema>;
export type Report = z.infer<typeof reportSchema>;

export type ParsedReport = { ok: true; report: Report } | { ok: false; reason: string };

/**
 * Parses a command's stdout, which must be exactly one line of JSON. A missing, cut-off or foreign
 * output is an expected outcome, told apart by `reason`; it is never a success.
 */
export function parseReport(stdout: string): ParsedReport {
  const line = stdout.trim();
  if (line === '') return { ok: false, reason: 'the node sent no report' };
  if (!line.startsWith('{')) {
    return { ok: false, reason: `the node sent no report but: ${line.slice(0, 200)}` };
  }
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return {
      ok: false,
      reason: `the node's report is cut off or broken (${line.length} characters)`,
    };
  }
  return fromJson(json);
}

function fromJson(json: unknown): ParsedReport {
  const parsed = reportSchema.safeParse(json);
  if (parsed.success) return { ok: true, report: parsed.data };
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') || 'the whole';
  return { ok: false, reason: `the node's report is not version 1: ${where}: ${issue?.message}` };
}
