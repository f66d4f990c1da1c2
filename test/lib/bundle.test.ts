/** The functions as they are deployed: what is in their bundles, and that they load. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { PodthawStack } from '../../lib/stack.ts';
import { clusters, options } from './deployment.ts';

const handlers = ['detect', 'remediate', 'notify-slack'].filter((name) =>
  existsSync(new URL(`../../lambda/${name}.ts`, import.meta.url)),
);

describe('bundles', () => {
  test('load in Node as they are deployed, and export a handler', () => {
    const outdir = mkdtempSync(join(tmpdir(), 'podthaw-bundle-'));
    try {
      const app = new App({ outdir });
      new PodthawStack(app, 'podthaw', { settings: { ...clusters.one, ...options.slack } });
      app.synth();
      const bundles = readdirSync(outdir).filter((name) => name.startsWith('asset.'));
      expect(bundles).toHaveLength(handlers.length);
      for (const bundle of bundles) {
        const file = join(outdir, bundle, 'index.mjs');
        expect(statSync(file).size).toBeLessThan(3_000_000);
        const load = `console.log(typeof (await import(${JSON.stringify(file)})).handler)`;
        const type = execFileSync('node', ['--input-type=module', '-e', load], {
          encoding: 'utf8',
          env: { PATH: process.env.PATH },
        });
        expect(type.trim()).toBe('function');
      }
    } finally {
      rmSync(outdir, { recursive: true });
    }
  }, 120_000);

  test('the Slack function imports the one AWS client that it calls, and no HTTP client', async () => {
    const packages = await packagesOf('notify-slack');
    expect(packages.filter((name) => name.startsWith('@aws-sdk/client-'))).toEqual([
      '@aws-sdk/client-secrets-manager',
    ]);
    expect(packages).not.toContain('undici');
  });

  test('the detector imports the one AWS client that it calls', async () => {
    const packages = await packagesOf('detect');
    expect(packages.filter((name) => name.startsWith('@aws-sdk/client-'))).toEqual([
      '@aws-sdk/client-eks',
    ]);
  });
});

/** Packages that a handler imports, directly or not, whether or not their code is then left out. */
async function packagesOf(handler: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL(`../../lambda/${handler}.ts`, import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    metafile: true,
    write: false,
    logLevel: 'error',
  });
  const names = Object.keys(metafile.inputs).flatMap(
    (file) => /node_modules\/(@[^/]+\/[^/]+|[^/]+)/.exec(file)?.[1] ?? [],
  );
  return [...new Set(names)].toSorted();
}
