/** Lambda's context, as far as a handler reads it. */
import type { Context } from 'aws-lambda';

/** The parts of Lambda's context that a handler reads. */
export function lambdaContext(runId: string, timeoutMs: number): Context {
  const end = Date.now() + timeoutMs;
  return {
    awsRequestId: runId,
    getRemainingTimeInMillis: () => end - Date.now(),
    callbackWaitsForEmptyEventLoop: false,
    functionName: 'podthaw-remediate',
    functionVersion: '1',
    invokedFunctionArn: `arn:aws:lambda:eu-central-1:111122223333:function:podthaw-remediate`,
    memoryLimitInMB: '512',
    logGroupName: '/aws/lambda/podthaw-remediate',
    logStreamName: 'loopback',
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
}
