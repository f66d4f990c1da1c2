/** The detector as a process, and what it wrote: metrics in CloudWatch's embedded format, and its log. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import * as z from 'zod';

const metricsSchema = z.looseObject({
  _aws: z.object({
    Timestamp: z.number(),
    CloudWatchMetrics: z.array(
      z.object({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string(), Unit: z.string() })),
      }),
    ),
  }),
});
const logSchema = z.looseObject({ level: z.string(), message: z.string() });

export type Emitted = z.infer<typeof metricsSchema>;
export type Logged = z.infer<typeof logSchema>;

/** Bundled as the stack does it, so that a process starts in a moment. */
let bundle: string;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podthaw-detect-'));
  bundle = join(folder, 'detect.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('detect-once.ts', import.meta.url))],
    outfile: bundle,
    bundle: true,
    minify: true,
    keepNames: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: {
      js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
    },
  });
}, 120_000);
afterAll(() => rm(join(bundle, '..'), { recursive: true }));

/** Starts the detector. @param timeoutMs what Lambda would give it */
export function startDetector(timeoutMs?: number) {
  const child = spawn(process.execPath, [bundle, ...(timeoutMs ? [String(timeoutMs)] : [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // As the stack deploys it; the tests' own process is made to say nothing.
    env: {
      ...process.env,
      POWERTOOLS_LOG_LEVEL: 'INFO',
      POWERTOOLS_METRICS_DISABLED: 'false',
      POWERTOOLS_SERVICE_NAME: 'podthaw',
      POWERTOOLS_METRICS_NAMESPACE: 'Podthaw',
    },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  }
  const ended = once(child, 'close').then(([code]) => {
    expect(code, text).toBe(0);
    return readOutput(text);
  });
  return { ended, child, soFar: () => readOutput(text.slice(0, text.lastIndexOf('\n') + 1)) };
}

/** Every line is a metric or a log line; anything else would be lost in CloudWatch. */
function readOutput(text: string): { emitted: Emitted[]; logged: Logged[] } {
  const lines = text.split('\n').filter((line) => line !== '');
  const parsed = lines.map((line): unknown => JSON.parse(line));
  const emitted = parsed.flatMap((line) => metricsSchema.safeParse(line).data ?? []);
  const logged = parsed.flatMap((line) => logSchema.safeParse(line).data ?? []);
  expect(emitted.length + logged.length, text).toBe(lines.length);
  return { emitted, logged };
}
