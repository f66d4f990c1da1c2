/** Where the settings of a deployment come from. */
import { existsSync, readFileSync } from 'node:fs';
import { parseSettings, type Settings, SettingsError } from '../lambda/domain/settings.ts';

const example = 'podthaw.example.json';

/**
 * Reads podthaw.json, or the file that PODTHAW_CONFIG names. With neither, the example, which only
 * observes: a clean clone can be synthesized. @throws SettingsError
 */
export function readConfig(env: NodeJS.ProcessEnv, warn: (line: string) => void): Settings {
  const named = env.PODTHAW_CONFIG;
  if (named) return readSettings(named);
  if (existsSync('podthaw.json')) return readSettings('podthaw.json');
  warn(`No podthaw.json: ${example} is used. To deploy: cp ${example} podthaw.json, and edit it.`);
  return readSettings(example);
}

function readSettings(path: string): Settings {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SettingsError(`${path}: cannot be read; copy ${example}`, { cause });
  }
  try {
    return parseSettings(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof SettingsError) throw cause;
    throw new SettingsError(`${path}: not JSON: ${String(cause)}`, { cause });
  }
}
