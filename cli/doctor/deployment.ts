/** What is deployed: the two functions, their settings, their roles. */
import { GetFunctionConfigurationCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { readSettings } from '../../lambda/deployed-settings.ts';
import type { DeployedSettings } from '../../lambda/domain/settings.ts';
import { type Finding, ill, well } from './finding.ts';

export interface Deployment {
  settings: DeployedSettings;
  /** ARNs of the roles that call the Kubernetes API, by function. */
  roles: Map<string, string>;
  inVpc: boolean;
}

const CHECK = 'deployment';

/** @returns no deployment where there is none to examine further */
export async function findDeployment(
  client: LambdaClient,
  stack: string,
): Promise<{ findings: Finding[]; deployment?: Deployment }> {
  const remediate = await describe(client, `${stack}-remediate`);
  if (remediate === undefined) {
    const remedy = 'Deploy it: docs/deploy.md. Is this the right account, region and --stack?';
    return { findings: [ill(CHECK, `there is no function ${stack}-remediate`, remedy)] };
  }
  const detect = await describe(client, `${stack}-detect`);
  const settings = readSettings(remediate.Environment?.Variables ?? {});
  const roles = [remediate, detect].flatMap((f) =>
    f?.Role ? [[f.FunctionName ?? '', f.Role] as const] : [],
  );
  const names = settings.clusters.map(({ name }) => name).join(', ');
  return {
    findings: [well(CHECK, `mode ${settings.mode}, clusters ${names}`)],
    deployment: {
      settings,
      roles: new Map(roles),
      inVpc: (remediate.VpcConfig?.SubnetIds ?? []).length > 0,
    },
  };
}

async function describe(client: LambdaClient, name: string) {
  try {
    return await client.send(
      new GetFunctionConfigurationCommand({ FunctionName: name, Qualifier: 'live' }),
    );
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}
