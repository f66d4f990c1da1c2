/** What set a run off: whatever invoked the function becomes one type here, or a TriggerError. */
import * as z from 'zod';
import { type AlarmEvent, alarmFromEventBridge, alarmFromLambda, alarmFromSns } from './alarm.ts';
import { type ManualRequest, parseManualRequest } from './manual-request.ts';

export type Trigger =
  | ({ kind: 'alarm' } & AlarmEvent)
  | { kind: 'schedule' }
  | { kind: 'manual'; request: ManualRequest };

/** The event makes no sense; `message` says what was wrong with it. Nothing is sent after it. */
export class TriggerError extends Error {
  override name = 'TriggerError';
}

/**
 * Recognises an alarm's Lambda action, an EventBridge alarm state change, an SNS record that wraps
 * an alarm, the schedule, and a request made by hand. Unknown fields of AWS's events are ignored.
 *
 * @throws TriggerError naming what was wrong
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
 */
export function parseTrigger(event: unknown): Trigger {
  if (!isObject(event)) {
    throw new TriggerError(`an event must be a JSON object, got ${describe(event)}`);
  }
  try {
    return read(event);
  } catch (error) {
    if (error instanceof z.ZodError) throw new TriggerError(faults(error), { cause: error });
    throw error;
  }
}

function read(event: Record<string, unknown>): Trigger {
  if ('alarmData' in event) return { kind: 'alarm', ...alarmFromLambda(event) };
  if ('Records' in event) return { kind: 'alarm', ...alarmFromSns(event) };
  if ('detail-type' in event) return fromEventBridge(event);
  return { kind: 'manual', request: parseManualRequest(event) };
}

function fromEventBridge(event: Record<string, unknown>): Trigger {
  switch (event['detail-type']) {
    case 'Scheduled Event':
      return { kind: 'schedule' };
    case 'CloudWatch Alarm State Change':
    case 'CloudWatch Alarm Contributor State Change':
      return { kind: 'alarm', ...alarmFromEventBridge(event) };
    default:
      throw new TriggerError(
        `EventBridge event of detail-type ${describe(event['detail-type'])}: expected ` +
          '"CloudWatch Alarm State Change", "CloudWatch Alarm Contributor State Change" or "Scheduled Event"',
      );
  }
}

function faults(error: z.ZodError): string {
  return error.issues
    .map((issue) => `${issue.path.join('.') || 'event'}: ${issue.message}`)
    .join('; ');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  try {
    return (JSON.stringify(value) ?? typeof value).slice(0, 100);
  } catch {
    return typeof value;
  }
}
