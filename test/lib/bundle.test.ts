import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
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
});
