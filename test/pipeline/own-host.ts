/** A host whose pods are a test's own: the real freezers' files, and nobody else's cgroups in sight. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Cgroup } from '../real/cgroup.ts';
import { gap, type Hierarchy, mountPoint } from '../real/mounts.ts';

/**
 * A sweep takes every pod it finds, and other tests freeze theirs at the same time: what the script
 * takes for the hierarchy's root is `tree`, a subtree of the real one.
 *
 * @returns the environment that shows freezer.sh this host
 */
export function ownHost(tree: Cgroup): Record<string, string> {
  const root = mkdtempSync(path.join(tmpdir(), 'podthaw-host-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  symlinkSync('/proc', path.join(root, 'proc'));
  mkdirSync(path.join(root, 'run'));
  for (const hierarchy of ['v1', 'v2'] as const) mount(root, hierarchy, tree);
  return { PODTHAW_HOST_ROOT: root };
}

function mount(root: string, hierarchy: Hierarchy, tree: Cgroup): void {
  if (gap(hierarchy) !== undefined) return;
  const place = path.join(root, mountPoint(hierarchy));
  mkdirSync(path.dirname(place), { recursive: true });
  if (hierarchy === tree.hierarchy) symlinkSync(tree.dir, place);
  else mkdirSync(place);
}
