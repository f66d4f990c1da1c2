/** What the Kubernetes API answered, and its reading by a schema. */
import * as z from 'zod';
import { faultOfStatus, KubernetesError } from './kubernetes-error.ts';

export interface Answer {
  status: number;
  text: string;
}

/** Of an answer that cannot be used, so much is kept. */
const KEPT = 300;

/**
 * @param what was asked for, for the error
 * @throws KubernetesError where the answer is not 200, not JSON or of another shape
 */
export function readAnswer<T extends z.ZodType>(
  schema: T,
  { status, text }: Answer,
  what: string,
): z.infer<T> {
  const body = parseJson(text);
  const details = { status, answer: text.slice(0, KEPT) };
  if (status !== 200) {
    const message = `${what}: HTTP ${status}${messageOf(body)}`;
    throw new KubernetesError(message, faultOfStatus(status), details);
  }
  if (body === undefined) {
    throw new KubernetesError(`${what}: an answer that is not JSON`, 'unexpected', details);
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined ? '' : ` (${issue.path.join('.')}: ${issue.message})`;
  const message = `${what}: an answer of no known shape${where}`;
  throw new KubernetesError(message, 'unexpected', details);
}

/** @returns undefined where the text is not JSON */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Every refusal of the API's own is a Status object, whose message is for people. */
const statusSchema = z.object({
  kind: z.literal('Status'),
  message: z.string().default(''),
  reason: z.string().optional(),
});

function messageOf(body: unknown): string {
  const status = statusSchema.safeParse(body);
  return status.success && status.data.message !== ''
    ? `: ${status.data.message.slice(0, KEPT)}`
    : '';
}

/** Whether the API itself says that there is no such object: a proxy's 404 says nothing about it. */
export function isNotFound({ status, text }: Answer): boolean {
  if (status !== 404) return false;
  const parsed = statusSchema.safeParse(parseJson(text));
  return parsed.success && parsed.data.reason === 'NotFound';
}
