/** CloudWatch alarms in the three wrappings that reach a function, read into one shape. */
import * as z from 'zod';
import { readScope, type Scope } from './scope.ts';

export interface AlarmEvent {
  name: string;
  arn?: string;
  state: 'ALARM' | 'OK' | 'INSUFFICIENT_DATA';
  /** What the alarm's dimensions, contributor and tags say it is about. */
  scope: Scope;
}

const stateSchema = z.enum(['ALARM', 'OK', 'INSUFFICIENT_DATA']);
const text = z.record(z.string(), z.string());
const named = z.array(z.object({ name: z.string(), value: z.string() }));
const keyed = z.array(z.object({ Key: z.string(), Value: z.string() }));
// Tags come as a map or as a list, depending on who wraps the alarm; other shapes say nothing.
const tagsSchema = z
  .union([text, keyed.transform((tags) => Object.fromEntries(tags.map((t) => [t.Key, t.Value])))])
  .catch({});

const bodySchema = z.object({
  alarmName: z.string().min(1),
  state: z.object({ value: stateSchema }),
  alarmTags: tagsSchema.optional(),
  alarmContributor: z
    .object({ attributes: text.catch({}) })
    .optional()
    .catch(undefined),
  configuration: z
    .object({
      metrics: z.array(
        z.object({
          metricStat: z
            .object({ metric: z.object({ dimensions: text.catch({}) }) })
            .optional()
            .catch(undefined),
        }),
      ),
    })
    .optional()
    .catch(undefined),
});

/** An alarm's Lambda action: metric, metric math, composite or contributor. */
export function alarmFromLambda(event: unknown): AlarmEvent {
  const { alarmArn, alarmData, alarmTags } = z
    .object({
      alarmArn: z.string().optional(),
      alarmData: bodySchema,
      alarmTags: tagsSchema.optional(),
    })
    .parse(event);
  return fromBody(alarmData, alarmArn, alarmTags);
}

/** EventBridge's alarm state change and contributor state change. */
export function alarmFromEventBridge(event: unknown): AlarmEvent {
  const { resources, detail } = z
    .object({ resources: z.array(z.string()).catch([]), detail: bodySchema })
    .parse(event);
  return fromBody(detail, resources[0], undefined);
}

const snsMessageSchema = z.object({
  AlarmName: z.string().min(1),
  AlarmArn: z.string().optional(),
  NewStateValue: stateSchema,
  Trigger: z
    .object({
      Dimensions: named.catch([]),
      Metrics: z
        .array(
          z.object({
            MetricStat: z
              .object({ Metric: z.object({ Dimensions: named.catch([]) }) })
              .optional()
              .catch(undefined),
          }),
        )
        .catch([]),
    })
    .optional()
    .catch(undefined),
});

/** An SNS notification whose Message is an alarm as JSON in a string. SNS invokes with one record. */
export function alarmFromSns(event: unknown): AlarmEvent {
  const { Records } = z
    .object({
      Records: z.tuple([z.object({ Sns: z.object({ Message: jsonText(snsMessageSchema) }) })], {
        error: 'expected one SNS record that wraps a CloudWatch alarm',
      }),
    })
    .parse(event);
  const alarm = Records[0].Sns.Message;
  const dimensions = [
    ...(alarm.Trigger?.Dimensions ?? []),
    ...(alarm.Trigger?.Metrics ?? []).flatMap((m) => m.MetricStat?.Metric.Dimensions ?? []),
  ];
  return {
    name: alarm.AlarmName,
    ...(alarm.AlarmArn === undefined ? {} : { arn: alarm.AlarmArn }),
    state: alarm.NewStateValue,
    scope: readScope([dimensions.map(({ name, value }) => [name, value])]),
  };
}

function fromBody(
  body: z.infer<typeof bodySchema>,
  arn: string | undefined,
  outerTags: Record<string, string> | undefined,
): AlarmEvent {
  const dimensions = (body.configuration?.metrics ?? []).flatMap((metric) =>
    Object.entries(metric.metricStat?.metric.dimensions ?? {}),
  );
  return {
    name: body.alarmName,
    ...(arn === undefined ? {} : { arn }),
    state: body.state.value,
    scope: readScope(
      [dimensions, Object.entries(body.alarmContributor?.attributes ?? {})],
      Object.entries({ ...outerTags, ...body.alarmTags }),
    ),
  };
}

function jsonText<T extends z.ZodType>(schema: T) {
  return z
    .string()
    .transform((value, context) => {
      try {
        return JSON.parse(value) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'expected an alarm as JSON in a string' });
        return z.NEVER;
      }
    })
    .pipe(schema);
}
