/** The node's side of Run Command: writes the script to a file and runs it, as the agent does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HandOver } from './ssm-document.ts';

export type ScriptRun = HandOver & {
  timeoutSeconds: number;
  /** Aborted by CancelCommand, or when the endpoint closes. */
  signal: AbortSignal;
};

/** What became of a script. `exitCode` is -1 for a death by signal, 137 for one that we killed. */
export type ScriptEnd = {
  exitCode: number;
  stdout: string;
  stderr: string;
  stopped: 'timeout' | 'cancelled' | undefined;
};

/** The agent's reports hold far less; a script that prints without end must not fill our memory. */
const KEPT_BYTES = 256 * 1024;

/**
 * Runs `sh -c PATH` with mode 0700, so that the script's first line picks its interpreter, in a
 * process group of its own; on time-out or cancel the group gets SIGKILL and no trap runs
 * (amazon-ssm-agent, executers.go). The environment is the agent's, not ours.
 */
export async function runScript(run: ScriptRun): Promise<ScriptEnd> {
  const folder = mkdtempSync(join(tmpdir(), 'podthaw-ssm-'));
  const path = join(folder, '_script.sh');
  // Synchronous, so that no process is forked while the file is open for writing (ETXTBSY).
  writeFileSync(path, run.script, { mode: 0o700 });
  try {
    return await outcomeOf(start(path, run.environment), run);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function start(path: string, environment: Record<string, string>): ChildProcess {
  return spawn('sh', ['-c', path], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LANG: 'en_US.UTF-8',
      ...environment,
    },
  });
}

/** Ends when the script and all that hold its pipes are done, or at once when it is stopped. */
function outcomeOf(child: ChildProcess, run: ScriptRun): Promise<ScriptEnd> {
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  return new Promise((resolve, reject) => {
    const end = (exitCode: number, stopped: ScriptEnd['stopped']) => {
      clearTimeout(timer);
      run.signal.removeEventListener('abort', cancel);
      resolve({ exitCode, stdout: stdout(), stderr: stderr(), stopped });
    };
    // The agent does not wait for what it has killed: a task in state D would hold it for ever.
    const stop = (why: 'timeout' | 'cancelled') => {
      killGroup(child);
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      end(137, why);
    };
    const cancel = () => stop('cancelled');
    const timer = setTimeout(() => stop('timeout'), run.timeoutSeconds * 1000);
    run.signal.addEventListener('abort', cancel);
    child.on('error', reject);
    child.on('close', (code) => end(code ?? -1, undefined));
    if (run.signal.aborted) cancel();
  });
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (size < KEPT_BYTES) chunks.push(chunk);
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).toString();
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (cause) {
    // ESRCH: the group ended by itself in the same moment.
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH')) throw cause;
  }
}
