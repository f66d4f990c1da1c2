/** What undoes a pause otherwise: a runtime's own command, on a container of its own. */
import { sleeper } from '../test/runtimes/bundle.ts';
import { startDockerd } from '../test/runtimes/dockerd.ts';
import { choosePodPlace } from '../test/runtimes/pod-place.ts';
import { startRunc } from '../test/runtimes/runc.ts';
import { time } from './timing.ts';

/** Pauses the container. @returns milliseconds until the command that undoes it has returned */
export type Resume = () => number;

export async function runcResume(cleanup: AsyncDisposableStack): Promise<Resume> {
  const pod = choosePodPlace();
  cleanup.defer(pod.remove);
  const container = startRunc('v1', pod, sleeper);
  cleanup.defer(async () => {
    await pod.remove();
    container.discard();
  });
  return () => {
    time(container.line('pause'));
    return time(container.line('resume'));
  };
}

export async function dockerUnpause(cleanup: AsyncDisposableStack): Promise<Resume> {
  const dockerd = await startDockerd('v1');
  cleanup.defer(dockerd.stop);
  const pod = choosePodPlace();
  cleanup.defer(pod.remove);
  const id = dockerd.start(pod, sleeper);
  return () => {
    time(dockerd.line('pause', id));
    return time(dockerd.line('unpause', id));
  };
}
