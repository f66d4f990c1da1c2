/** What the functions find in PODTHAW_SETTINGS. */
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import {
  type DeployedSettings,
  functionSettings,
  type Settings,
} from '../lambda/domain/settings.ts';

/** Lambda holds 4 KB of environment; names that only the deployment knows take up to 1 KB of it. */
const maxBytes = 3 * 1024;

/** JSON of the settings and of what the stack made for them. @throws Error when it will not fit. */
export function settingsJson(
  scope: Construct,
  settings: Settings,
  resources: DeployedSettings['resources'],
): string {
  const known = functionSettings(settings);
  const bytes = Buffer.byteLength(JSON.stringify(known));
  if (bytes > maxBytes) {
    const names = `${settings.clusters.length} clusters and ${settings.protectedNamespaces.length} protected namespaces`;
    throw new Error(
      `settings: ${bytes} bytes with ${names}, expected ≤ ${maxBytes}: deploy two stacks`,
    );
  }
  return Stack.of(scope).toJsonString({ ...known, resources } satisfies DeployedSettings);
}
