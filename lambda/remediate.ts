/** The remediation function: parse what came in, run it for each cluster, publish what came out. */
import type { Context } from 'aws-lambda';
import { environmentFrom, makeClients } from './environment.ts';
import { remediate } from './remediation.ts';

/** One container's handler: its AWS clients are made at the first invocation, and kept. */
export function makeHandler() {
  let clients: ReturnType<typeof makeClients> | undefined;
  return async (event: unknown, context: Context) => {
    clients ??= makeClients();
    return remediate(event, environmentFrom(process.env, context, clients));
  };
}

/** Takes an alarm, the schedule or a request by hand. @returns the outcome, or one per cluster */
export const handler = makeHandler();
