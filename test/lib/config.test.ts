import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SettingsError } from '../../lambda/domain/settings.ts';
import { readConfig } from '../../lib/config.ts';

describe('the settings of a deployment', () => {
  const folder = mkdtempSync(join(tmpdir(), 'podthaw-config-'));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const settings = (name: string) => JSON.stringify({ mode: 'thaw', clusters: [{ name }] });

  beforeAll(() => {
    write('podthaw.example.json', JSON.stringify({ mode: 'observe', clusters: [{ name: 'x' }] }));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('come from the example on a clean clone, which says so', () => {
    const config = readConfig(folder);
    expect(config.settings.mode).toBe('observe');
    expect(config.note).toBe(
      'No podthaw.json: this is podthaw.example.json. To deploy: cp podthaw.example.json podthaw.json, and edit it.',
    );
  });

  test('come from podthaw.json where there is one', () => {
    const path = write('podthaw.json', settings('own'));
    const config = readConfig(folder);
    rmSync(path);
    expect(config).toMatchObject({ settings: { mode: 'thaw', clusters: [{ name: 'own' }] } });
    expect(config.note).toBeUndefined();
  });

  test('come from the file that is named, before all others', () => {
    const config = readConfig(folder, write('eu.json', settings('eu')));
    expect(config.settings.clusters[0]?.name).toBe('eu');
  });

  test.each([
    [
      'is missing',
      undefined,
      /missing\.json: cannot be read; begin with a copy of podthaw\.example/,
    ],
    ['is not JSON', '{"mode": thaw}', /missing\.json: not JSON: /],
    ['does not fit', '{"mode": "thaw"}', /missing\.json: clusters: got nothing/],
  ])('a file that %s is an error that names it', (_, text, message) => {
    const path = join(folder, 'missing.json');
    if (text !== undefined) writeFileSync(path, text);
    expect(() => readConfig(folder, path)).toThrow(SettingsError);
    expect(() => readConfig(folder, path)).toThrow(message);
  });
});

test('the app says what is wrong with the settings in one line, and fails', () => {
  const env = { PATH: process.env.PATH, PODTHAW_CONFIG: 'no-such.json' };
  const { status, stderr } = spawnSync('node', ['lib/app.ts'], { encoding: 'utf8', env });
  expect(stderr).toBe('no-such.json: cannot be read; begin with a copy of podthaw.example.json\n');
  expect(status).toBe(1);
});

test("this repository's example only observes", () => {
  expect(readConfig('.', 'podthaw.example.json').settings.mode).toBe('observe');
});
