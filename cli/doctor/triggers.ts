/** Whether what should start a run may: alarms, the schedule, the person at this terminal. */
import { GetPolicyCommand, InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import { type Finding, ill, well } from './finding.ts';

const policySchema = z.object({
  Statement: z.array(
    z.object({
      Effect: z.literal('Allow'),
      Principal: z.union([
        z.string(),
        z.object({ Service: z.union([z.string(), z.array(z.string())]) }),
      ]),
    }),
  ),
});

const CALLERS = [
  { check: 'alarms', service: 'lambda.alarms.cloudwatch.amazonaws.com', who: 'CloudWatch alarms' },
  { check: 'schedule', service: 'events.amazonaws.com', who: 'the schedule (EventBridge)' },
] as const;

export async function checkCallers(client: LambdaClient, name: string): Promise<Finding[]> {
  const services = await allowedServices(client, name);
  return CALLERS.map(({ check, service, who }) =>
    services.includes(service)
      ? well(check, `${who} may invoke ${name}:live`)
      : ill(
          check,
          `${who} may not invoke ${name}:live`,
          `Deploy again; or: aws lambda add-permission --function-name ${name}:live --statement-id ${check} --action lambda:InvokeFunction --principal ${service}`,
        ),
  );
}

/** A dry run: Lambda checks the permission and runs nothing. */
export async function checkSelf(client: LambdaClient, name: string): Promise<Finding[]> {
  await client.send(
    new InvokeCommand({ FunctionName: `${name}:live`, InvocationType: 'DryRun', Payload: '{}' }),
  );
  return [well('you', `you may invoke ${name}:live`)];
}

async function allowedServices(client: LambdaClient, name: string): Promise<string[]> {
  try {
    const { Policy } = await client.send(
      new GetPolicyCommand({ FunctionName: name, Qualifier: 'live' }),
    );
    const { Statement } = policySchema.parse(JSON.parse(Policy ?? '{}'));
    return Statement.flatMap(({ Principal }) =>
      typeof Principal === 'string' ? Principal : Principal.Service,
    );
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return [];
    throw error;
  }
}
