/** Where the settings of a deployment come from. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSettings, type Settings, SettingsError } from '../lambda/domain/settings.ts';

const own = 'podthaw.json';
const example = 'podthaw.example.json';

export interface Config {
  settings: Settings;
  /** What to tell whoever has no settings of their own yet. */
  note?: string;
}

/**
 * Reads the file that is named, else podthaw.json of `folder`. With neither, the example, which only
 * observes: a clean clone can be synthesized, though not deployed. @throws SettingsError
 */
export function readConfig(folder: string, named?: string): Config {
  if (named !== undefined) return { settings: readSettings(named) };
  if (existsSync(join(folder, own))) return { settings: readSettings(join(folder, own)) };
  return {
    settings: readSettings(join(folder, example)),
    note: `No ${own}: this is ${example}. To deploy: cp ${example} ${own}, and edit it.`,
  };
}

function readSettings(path: string): Settings {
  return parseSettings(parseJson(path, readText(path)), path);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SettingsError(`${path}: cannot be read; begin with a copy of ${example}`, { cause });
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SettingsError(`${path}: not JSON: ${(cause as Error).message}`, { cause });
  }
}
