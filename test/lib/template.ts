/** A synthesized template, read as data: resources by type, and what refers to what. */
import * as z from 'zod';

const resource = z.looseObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.string().optional(),
});
const template = z.looseObject({ Resources: z.record(z.string(), resource) });

export type Resource = z.infer<typeof resource> & { id: string };

export function resourcesOf(json: unknown): Resource[] {
  const { Resources } = template.parse(json);
  return Object.entries(Resources).map(([id, r]) => ({ ...r, id }));
}

export function ofType(resources: readonly Resource[], type: string): Resource[] {
  return resources.filter((r) => r.Type === type);
}

/** Logical ids that a value refers to, by Ref or Fn::GetAtt, at any depth. */
export function refersTo(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refersTo);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref') return [String(inner)];
    if (key === 'Fn::GetAtt' && Array.isArray(inner)) return [String(inner[0])];
    return refersTo(inner);
  });
}

/** A Fn::Join with every reference replaced by its logical id: `arn:AWS::Partition:…`. */
export function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  const join = z.object({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) });
  const parsed = join.safeParse(value);
  if (parsed.success) return parsed.data['Fn::Join'][1].map(flat).join(parsed.data['Fn::Join'][0]);
  return refersTo(value).join('');
}

const statement = z.looseObject({
  Effect: z.enum(['Allow', 'Deny']),
  Action: z.union([z.string().transform((s) => [s]), z.array(z.string())]),
  Resource: z.unknown().transform((r) => (Array.isArray(r) ? r : [r]).map(flat)),
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
  Principal: z.unknown().optional(),
});

export type Statement = z.infer<typeof statement>;

/** The statements of an IAM policy, a topic's policy or a queue's. */
export function statementsOf({ Properties }: Resource): Statement[] {
  const document = z.looseObject({ Statement: z.array(statement) });
  return document.parse(Properties.PolicyDocument).Statement;
}

/** What the roles that `of` matches may do. */
export function grantsOf(resources: readonly Resource[], of = /./): Statement[] {
  return ofType(resources, 'AWS::IAM::Policy')
    .filter((policy) => refersTo(policy.Properties.Roles).some((role) => of.test(role)))
    .flatMap(statementsOf);
}
