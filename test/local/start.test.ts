import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, globSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { findFreezer } from '../../local/freezer.ts';
import { gap } from '../real/mounts.ts';
import { describeWith } from '../real/suite.ts';

vi.setConfig({ testTimeout: 60_000 });

const script = fileURLToPath(new URL('../../local/start.ts', import.meta.url));

interface Run {
  child: ChildProcess;
  output(): string;
  ended: Promise<number | null>;
}

/** Starts `npm start`'s script by itself, so that its PID is the one that gets signals. */
function start(options: { uid?: number; TMPDIR?: string } = {}): Run {
  const { uid, TMPDIR = tmpdir() } = options;
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, TMPDIR, HOME: TMPDIR },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, output: () => text, ended: once(child, 'close').then(([code]) => code) };
}

const STEPS = [
  'hangs in Terminating',
  'CloudWatch alarm: StuckPods > 0',
  'SSM Run Command to i-0123456789abcdef0',
  'The node reports (SSM: Success)',
  'thawed, cause: paused',
  'The process is gone, and so is the pod',
  'SNS: ',
  'Slack',
  'Freed, proven, told.',
];

function expectStory(text: string): void {
  let from = 0;
  for (const step of STEPS) {
    const at = text.indexOf(step, from);
    expect(at, `"${step}" after character ${from} of:\n${text}`).toBeGreaterThan(-1);
    from = at;
  }
}

/** The demo's own folders below the root of whichever freezer it uses. */
async function leftBehind(pid: number | undefined): Promise<string[]> {
  const freezer = await findFreezer();
  if ('missing' in freezer) return [];
  return readdirSync(freezer.mount).filter((name) => name === `podthaw-demo-${pid}`);
}

const needed = gap('v1') === undefined ? ('v1' as const) : ('v2' as const);

describeWith([needed], 'npm start on the real freezer', () => {
  test('shows each step, exits 0, leaves no cgroup behind', async () => {
    const run = start();
    expect(await run.ended, run.output()).toBe(0);
    expect(run.output()).toContain(`The real cgroup ${needed} freezer`);
    expectStory(run.output());
    expect(await leftBehind(run.child.pid)).toEqual([]);
  });

  test.each(['hangs in Terminating', 'SSM Run Command'])(
    'Ctrl-C at "%s" cleans up',
    async (moment) => {
      const run = start();
      await seen(run, moment);
      expect(await leftBehind(run.child.pid)).toHaveLength(1);
      run.child.kill('SIGINT');
      expect(await run.ended, run.output()).toBe(130);
      expect(run.output()).toContain('Interrupted');
      expect(await leftBehind(run.child.pid)).toEqual([]);
    },
  );
});

describe('npm start without root', () => {
  const uid = process.getuid?.() === 0 ? 65_534 : undefined;

  /** What the demo makes in the system's temporary folder. */
  function startUnprivileged() {
    const TMPDIR = mkdtempSync(path.join(tmpdir(), 'podthaw-unprivileged-'));
    onTestFinished(() => rmSync(TMPDIR, { recursive: true, force: true }));
    chmodSync(TMPDIR, 0o777);
    const run = start({ TMPDIR, ...(uid === undefined ? {} : { uid }) });
    return { run, TMPDIR, made: () => globSync('podthaw-*', { cwd: TMPDIR }) };
  }

  test('says so in one line and goes the same way on a fake tree', async () => {
    const { run, made } = startUnprivileged();
    expect(await run.ended, run.output()).toBe(0);
    expect(run.output()).toContain('No real freezer here (not root)');
    expectStory(run.output());
    expect(made()).toEqual([]);
  });

  test('exits 1 when the process was not freed', async () => {
    const { run, TMPDIR, made } = startUnprivileged();
    await seen(run, 'CloudWatch alarm');
    const [freeze] = globSync('podthaw-demo-*/**/demo/cgroup.freeze', { cwd: TMPDIR });
    chmodSync(path.join(TMPDIR, freeze ?? 'missing'), 0o444);
    expect(await run.ended, run.output()).toBe(1);
    expect(run.output()).toContain('thaw-failed');
    expect(run.output()).toContain('NOT freed');
    expect(made()).toEqual([]);
  });
});

async function seen(run: Run, words: string): Promise<void> {
  while (!run.output().includes(words)) {
    if (run.child.exitCode !== null) throw new Error(`ended before "${words}": ${run.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
