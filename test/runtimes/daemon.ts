/** A daemon of the tests' own: started until it answers, ended by its PID. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export type Daemon = { pid: number; stop(): Promise<void> };

/** `answers` throws as long as the daemon does not. @throws Error with the end of its log where it never does */
export async function startDaemon(
  command: string[],
  log: string,
  answers: () => void,
): Promise<Daemon> {
  const output = openSync(log, 'w');
  // It does not outlive us, however we end.
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...command], {
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const { pid } = child;
  if (pid === undefined) throw new Error(`could not start ${command.join(' ')}`);
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    const insist = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(insist);
  };
  try {
    await untilItAnswers(answers, () => child.exitCode === null);
    return { pid, stop };
  } catch (cause) {
    await stop();
    throw new Error(`${command.join(' ')}: ${readFileSync(log, 'utf8').slice(-2000)}`, { cause });
  }
}

async function untilItAnswers(answers: () => void, isAlive: () => boolean): Promise<void> {
  for (let waited = 0; ; waited += 100) {
    try {
      answers();
      return;
    } catch (error) {
      if (waited >= 20_000 || !isAlive()) throw error;
      await sleep(100);
    }
  }
}

/** The mount namespace of a process that may end meanwhile; undefined where it has. */
export function mountNamespace(pid: number | string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

/** Ends what a daemon left running in its own mount namespace: containerd's shims outlive it. */
export function killIn(namespace: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (mountNamespace(pid) === namespace) process.kill(Number(pid), 'SIGKILL');
  }
}
