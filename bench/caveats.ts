/** What of this machine, apart from the bench, moves the figures. */
import { spawnSync } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { gap } from '../test/real/mounts.ts';

export function caveats(freezer: string): string[] {
  const found: string[] = [];
  if (gap('v2') === undefined) {
    found.push('cgroup v2 is mounted as well: freezer.sh looks there too, grep does not');
  }
  const [load = 0] = loadavg();
  if (load > availableParallelism() / 2) {
    found.push(`this machine is busy with other things: load ${load.toFixed(1)}`);
  }
  const frozen = othersFrozen(freezer);
  if (frozen > 0)
    found.push(`other cgroups that are frozen here, which --all examines too: ${frozen}`);
  return found;
}

/** Before the bench has made any of its own. */
function othersFrozen(freezer: string): number {
  const args = ['-rl', 'FROZEN', '--include=freezer.state', freezer];
  return spawnSync('grep', args, { encoding: 'utf8' }).stdout.split('\n').length - 1;
}
