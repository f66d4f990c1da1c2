/** Runs agent-scripts/freezer.sh as a node would, and holds every run to its contract. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import { parseReport, type Report, type TargetReport } from '../../lambda/domain/report.ts';

export const script = fileURLToPath(new URL('../../agent-scripts/freezer.sh', import.meta.url));

/** PODTHAW_TEST_BASH names another bash to run it under, such as a 4.2. */
export const shell = process.env.PODTHAW_TEST_BASH ?? '/bin/bash';

export type Run = { status: number | null; stdout: string; stderr: string; ms: number };

/** A /run of this test file's own, so that no thaw waits for another file's lock. */
export const runFolder = mkdtempSync(join(tmpdir(), 'podthaw-run-'));
afterAll(() => rmSync(runFolder, { recursive: true, force: true }));

/** The command line of one run; as root with `runFolder` in the place of /run. */
export function commandLine(args: string[]): Command {
  if (process.getuid?.() !== 0) return [shell, '-p', script, ...args];
  return inRun(runFolder, ':', [shell, '-p', script, ...args]);
}

/** Runs the script after `setup`, shell text that may change its mounts, streams, cgroup or folder. */
export function runAfter(setup: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  return runCommand(inRun(runFolder, setup, [shell, '-p', script, ...args]), env);
}

type Command = [program: string, ...args: string[]];

/** As in the script's first line: without -p, the environment could change what its words mean. */
export function inRun(folder: string, setup: string, command: string[]): Command {
  const enter = `mount --bind "$0" /run && ${setup} && exec "$@"`;
  return ['unshare', '--mount', '/bin/sh', '-c', enter, folder, ...command];
}

/** Runs to the end: `close`, so a child that holds on to our output would be noticed. */
export function run(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  return runCommand(commandLine(args), env);
}

function runCommand([program, ...rest]: Command, env: NodeJS.ProcessEnv): Promise<Run> {
  const started = performance.now();
  const child = spawn(program, rest, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('latin1').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('latin1').on('data', (text) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      resolve({ status, stdout, stderr, ms: performance.now() - started });
    });
  });
}

/** Runs and expects a valid report. */
export async function reportOf(args: string[], env: Record<string, string> = {}): Promise<Report> {
  return reportIn(await run(args, env));
}

/** The valid report that a run must have ended with. */
export function reportIn({ status, stdout, stderr }: Run): Report {
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^[ -~]{2,22999}\n$/);
  const parsed = parseReport(stdout);
  if (!parsed.ok) throw new Error(`${parsed.reason}: ${stdout}`);
  return parsed.report;
}

/** Runs on one target and expects a finding on it. */
export async function targetOf(
  args: string[],
  env?: Record<string, string>,
): Promise<TargetReport> {
  const report = await reportOf(args, env);
  const [target] = report.targets;
  if (target === undefined) throw new Error(`no target in ${JSON.stringify(report)}`);
  return target;
}
