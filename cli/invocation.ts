/** One synchronous invocation of the remediating function, exactly once. */
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import { printable } from '../lambda/domain/message/printable.ts';
import { type Outcome, outcomeSchema } from '../lambda/domain/outcome.ts';
import { CliError, EXIT } from './exit-code.ts';
import type { Request } from './request.ts';

const answerSchema = z.union([outcomeSchema.transform((one) => [one]), z.array(outcomeSchema)]);

const faultSchema = z.object({
  errorType: z.string().default('Error'),
  errorMessage: z.string().default('no message'),
});

/** @returns an outcome for each cluster @throws CliError */
export async function invoke(
  client: LambdaClient,
  functionName: string,
  request: Request,
): Promise<Outcome[]> {
  const { FunctionError, Payload } = await send(client, functionName, request);
  const json = parse(Payload);
  if (FunctionError !== undefined) throw faultOf(json);
  const answer = answerSchema.safeParse(json);
  if (answer.success) return answer.data;
  throw new CliError(EXIT.failed, `${functionName} answered with no outcome: is it podthaw's?`);
}

async function send(client: LambdaClient, functionName: string, request: Request) {
  try {
    return await client.send(
      new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(request) }),
    );
  } catch (cause) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    const hint = 'Are --profile, --region and --stack right? npx podthaw doctor looks.';
    throw new CliError(EXIT.failed, `${functionName} could not be invoked (${why}). ${hint}`, {
      cause,
    });
  }
}

/** The function's own refusal is about the request; anything else is a fault. */
function faultOf(json: unknown): CliError {
  const { errorType, errorMessage } = faultSchema
    .catch({ errorType: '', errorMessage: '' })
    .parse(json);
  const words = printable(errorMessage, 1_000);
  return errorType === 'TriggerError'
    ? new CliError(EXIT.usage, words)
    : new CliError(EXIT.failed, `podthaw failed: ${words || 'see its log'}`);
}

function parse(payload: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
}
