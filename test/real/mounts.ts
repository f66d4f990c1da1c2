/** Which real freezers this machine has, and why one is missing. */
import { existsSync, readFileSync } from 'node:fs';

export type Hierarchy = 'v1' | 'v2';

const notMounted = { v1: 'no cgroup v1 freezer is mounted', v2: 'no cgroup v2 is mounted' };

/** Where the hierarchy is mounted. @throws Error where it is not: ask `gap` first. */
export function mountPoint(hierarchy: Hierarchy): string {
  const found = findMount(hierarchy);
  if (found === undefined) throw new Error(notMounted[hierarchy]);
  return found;
}

/** Why real freezer tests of this hierarchy cannot run here; undefined where they can, and must. */
export function gap(hierarchy: Hierarchy): string | undefined {
  if (process.platform !== 'linux') return `this is ${process.platform}, not Linux`;
  if (process.getuid?.() !== 0) return 'not root';
  return findMount(hierarchy) === undefined ? notMounted[hierarchy] : undefined;
}

/** Shell text for a mount namespace of its own: there, `trees` stand for their whole hierarchies. */
export function onlySees(...trees: { hierarchy: Hierarchy; dir: string }[]): string {
  const shown = trees.map(({ hierarchy, dir }) => `mount --bind ${dir} ${mountPoint(hierarchy)}`);
  const hidden = (['v1', 'v2'] as const)
    .filter((other) => gap(other) === undefined && !trees.some((tree) => tree.hierarchy === other))
    .map((other) => `mount -t tmpfs none ${mountPoint(other)}`);
  return [...shown, ...hidden].join(' && ');
}

function findMount(hierarchy: Hierarchy): string | undefined {
  if (!existsSync('/proc/self/mountinfo')) return undefined;
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [place = '', source = ''] = line.split(' - ');
    const [type, , options = ''] = source.split(' ');
    const wanted =
      hierarchy === 'v2'
        ? type === 'cgroup2'
        : type === 'cgroup' && options.split(',').includes('freezer');
    if (wanted) return place.split(' ')[4];
  }
  return undefined;
}
