/** PODTHAW_SETTINGS, as the stack hands it to every function. Imports no AWS client: bundles stay small. */
import { type DeployedSettings, parseDeployedSettings, SettingsError } from './domain/settings.ts';

/** Reads PODTHAW_SETTINGS. @throws SettingsError */
export function readSettings(env: Readonly<Record<string, string | undefined>>): DeployedSettings {
  const text = env.PODTHAW_SETTINGS;
  if (text === undefined) throw new SettingsError('PODTHAW_SETTINGS is not set: deploy the stack');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new SettingsError('PODTHAW_SETTINGS is not JSON', { cause });
  }
  return parseDeployedSettings(json);
}
