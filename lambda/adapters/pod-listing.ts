/** Lists a cluster's pods, page by page, as tables: which are being deleted, and how many nodes there are. */
import * as z from 'zod';
import type { TerminatingPod } from '../domain/pod.ts';
import { readAnswer } from './kubernetes-answer.ts';
import type { Get } from './kubernetes-connection.ts';
import { KubernetesError } from './kubernetes-error.ts';

export interface TerminatingList {
  pods: TerminatingPod[];
  /** Nodes that run pods at all. */
  nodeCount: number;
}

export type Listing = TerminatingList & { pages: number };

/** Pods a page: about 1.5 MB as a Table with metadata. */
const PAGE = 500;
const LISTINGS = 3;
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

/** The kind is asked for: a list of another kind has no rows, and would pass for an empty cluster. */
const tableSchema = z.object({
  kind: z.literal('Table'),
  metadata: z.object({ continue: z.string().optional() }),
  columnDefinitions: z.array(z.object({ name: z.string() })).default([]),
  rows: z
    .array(z.object({ cells: z.array(z.unknown()), object: z.object({ metadata: z.unknown() }) }))
    .nullish()
    .transform((rows) => rows ?? []),
});
type Table = z.infer<typeof tableSchema>;

/** Nearly every pod of a listing is not terminating: of those nothing else is read. */
const deletionSchema = z.object({ deletionTimestamp: z.string().optional() });

const metadataSchema = z.object({
  uid: z.string(),
  namespace: z.string(),
  name: z.string(),
  /** One that cannot be read as a time would make a pod that is never overdue. */
  deletionTimestamp: z.iso.datetime({ offset: true }),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
  finalizers: z.array(z.string()).default([]),
});

/** @throws KubernetesError; a listing is whole or it is none */
export async function listTerminating(get: Get): Promise<Listing> {
  for (let nth = 1; ; nth += 1) {
    const listed = await listOnce(get);
    if (listed !== 'expired') return listed;
    if (nth === LISTINGS) {
      const message = `list pods: the list expired (410 Gone) ${LISTINGS} times over`;
      throw new KubernetesError(message, 'unexpected', { status: 410 });
    }
  }
}

/** 410 Gone means that the continue token outlived etcd's history: the listing starts over. */
async function listOnce(get: Get): Promise<Listing | 'expired'> {
  let pages = 0;
  const pods: TerminatingPod[] = [];
  const nodes = new Set<string>();
  let next: string | undefined;
  do {
    const query = new URLSearchParams({ limit: String(PAGE), ...(next ? { continue: next } : {}) });
    const answer = await get(`/api/v1/pods?${query}`, TABLE);
    if (answer.status === 410) return 'expired';
    const table = readAnswer(tableSchema, answer, 'list pods');
    readRows(table, pods, nodes);
    pages += 1;
    next = table.metadata.continue;
  } while (next);
  return { pods, nodeCount: nodes.size, pages };
}

function readRows(table: Table, pods: TerminatingPod[], nodes: Set<string>): void {
  const nodeColumn = nodeColumnOf(table);
  for (const { cells, object } of table.rows) {
    const cell = cells[nodeColumn];
    const node = typeof cell === 'string' && cell !== '' && cell !== '<none>' ? cell : undefined;
    if (node !== undefined) nodes.add(node);
    if (read(deletionSchema, object.metadata).deletionTimestamp === undefined) continue;
    pods.push({ ...read(metadataSchema, object.metadata), node });
  }
}

/** Without it every pod would pass for one that no node runs. */
function nodeColumnOf({ columnDefinitions, rows }: Table): number {
  const at = columnDefinitions.findIndex(({ name }) => name === 'Node');
  if (at >= 0 || rows.length === 0) return at;
  const names = columnDefinitions.map(({ name }) => name).join(', ');
  throw new KubernetesError(`list pods: no column Node; got ${names || 'none'}`, 'unexpected');
}

function read<T extends z.ZodType>(schema: T, metadata: unknown): z.infer<T> {
  const parsed = schema.safeParse(metadata);
  if (parsed.success) return parsed.data;
  const message = `list pods: a pod's metadata of no known shape: ${describe(parsed.error)}`;
  throw new KubernetesError(message, 'unexpected', { cause: parsed.error });
}

function describe({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}
