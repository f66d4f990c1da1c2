/** A process of its own that invokes the remediation once, as its environment says; for tests that kill or measure it. */
import './quiet.ts';
import { randomUUID } from 'node:crypto';

const { handler } = await import('../../lambda/remediate.ts');
const { lambdaContext } = await import('../../local/lambda-context.ts');

const event: unknown = JSON.parse(process.argv[2] ?? '{}');
const outcome = await handler(
  event,
  lambdaContext(randomUUID(), Number(process.argv[3] ?? 300_000)),
);
const summaries = [outcome].flat().map(({ summary, problem }) => ({ summary, problem }));
const { maxRSS } = process.resourceUsage();
console.log(JSON.stringify({ summaries, maxRssMb: Math.round(maxRSS / 1024) }));
