/** What a person may ask of the function by hand. */
import * as z from 'zod';

const uid = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})$/;
const podName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?\/[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/;
const list = (item: z.ZodString) =>
  z.array(item).min(1, 'name at least one, or leave it out').max(1000);

const requestSchema = z
  .strictObject({
    action: z.enum(['check', 'thaw']).default('check'),
    cluster: z.string().min(1).optional(),
    pods: list(z.string().regex(podName, 'expected "namespace/name"')).optional(),
    podUids: list(z.string().regex(uid, 'expected a pod UID')).optional(),
    nodes: list(z.string().min(1).max(253)).optional(),
    instanceIds: list(
      z.string().regex(/^i-[0-9a-f]{8,17}$/, 'expected an EC2 instance id, "i-…"'),
    ).optional(),
    withoutApi: z.literal(true, 'expected true, or leave it out').optional(),
    notify: z.boolean().default(false),
  })
  .refine((request) => !request.withoutApi || request.instanceIds !== undefined, {
    message: 'withoutApi needs instanceIds: without the API there is nothing else to go by',
    path: ['withoutApi'],
  })
  .refine((request) => !request.withoutApi || !(request.pods ?? request.podUids ?? request.nodes), {
    message: 'withoutApi goes with instanceIds alone: pods and nodes are looked up in the API',
    path: ['withoutApi'],
  });

export type ManualRequest = z.infer<typeof requestSchema>;

/** Parses a request made by hand; unknown fields are errors. @throws z.ZodError */
export function parseManualRequest(event: unknown): ManualRequest {
  return requestSchema.parse(event);
}

/** Whether the request names pods, nodes or instances rather than asking for every stuck pod. */
export function hasSelectors(request: ManualRequest): boolean {
  return Boolean(request.pods ?? request.podUids ?? request.nodes ?? request.instanceIds);
}
