/** The rule itself: a runtime that is missing is named, and where it was to be there that is a failure. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { programGap } from './programs.ts';

function folderWithRunc(): string {
  const folder = mkdtempSync(join(tmpdir(), 'podthaw-path-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'runc'), '');
  return folder;
}

test('nothing is missing', () => {
  expect(programGap(['runc'], { PATH: `/nowhere:${folderWithRunc()}` })).toBeUndefined();
});

test('what is missing is named, and where to get it', () => {
  const gap = programGap(['runc', 'dockerd'], { PATH: folderWithRunc() });
  expect(gap).toBe('dockerd is missing; it is in the Debian package "docker.io"');
});

test('where the runtimes were installed, a missing one is a failure', () => {
  const env = { PATH: folderWithRunc(), PODTHAW_TEST_RUNTIMES: '1' };
  expect(programGap(['runc'], env)).toBeUndefined();
  expect(() => programGap(['runc', 'ctr'], env)).toThrow('PODTHAW_TEST_RUNTIMES is set, but ctr');
});
