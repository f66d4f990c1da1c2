/** The script's lock, held by a process of the test's own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Another thaw, as far as the lock in this /run can tell. */
export async function holdLock(runFolder: string): Promise<{ release(): void }> {
  // -o does not hand the lock on to what it runs: it is free as soon as flock is gone.
  const lock = ['-o', join(runFolder, 'podthaw.lock')];
  const holder = spawn('flock', [...lock, 'sh', '-c', 'echo held; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const ended = () => holder.exitCode !== null || holder.signalCode !== null;
  const release = () => {
    if (holder.pid !== undefined && !ended()) process.kill(-holder.pid, 'SIGKILL');
  };
  onTestFinished(release);
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  return { release };
}
