/** Where and when a run took place: what a message's links are made from. */
import * as z from 'zod';

export const originSchema = z.object({
  partition: z.string().regex(/^aws[a-z-]*$/),
  account: z.string().regex(/^\d{12}$/),
  region: z.string().regex(/^[a-z0-9-]+$/),
  /** ISO 8601: when the run was told. */
  at: z.iso.datetime(),
  logGroup: z.string().optional(),
  dashboard: z.string().optional(),
  /** Where docs/runbook.md can be read. */
  runbookUrl: z.url({ protocol: /^https$/ }).optional(),
});

export type Origin = z.infer<typeof originSchema>;

export interface Surroundings {
  /** The topic lies in the account and region of everything else. */
  topicArn: string;
  now: Date;
  logGroup?: string | undefined;
  dashboard?: string | undefined;
  runbookUrl?: string | undefined;
}

/** @returns undefined where the ARN is none: then a message has no links, but is sent */
export function originOf({ topicArn, now, ...rest }: Surroundings): Origin | undefined {
  const [, partition, , region, account] = topicArn.split(':');
  const at = now.toISOString();
  return originSchema.safeParse({ partition, account, region, at, ...rest }).data;
}
