/** A Command document, schema 2.2: its schema, parameters as the API checks them, the hand-over. */
import * as z from 'zod';
import { ServiceError } from './server.ts';

const parameterSchema = z.looseObject({
  type: z.literal('String'),
  default: z.string().optional(),
  allowedPattern: z.string().optional(),
  allowedValues: z.array(z.string()).optional(),
  minChars: z.int().optional(),
  maxChars: z.int().optional(),
  interpolationType: z.enum(['ENV_VAR']).optional(),
});

const stepSchema = z.looseObject({
  action: z.literal('aws:runShellScript'),
  name: z.string().min(1),
  inputs: z.looseObject({
    runCommand: z.array(z.string()).min(1),
    timeoutSeconds: z.union([z.string(), z.number()]).optional(),
  }),
});

/** What this endpoint can run: shell steps with String parameters. */
export const documentSchema = z.looseObject({
  schemaVersion: z.literal('2.2'),
  parameters: z.record(z.string().regex(/^[a-zA-Z0-9]+$/), parameterSchema).default({}),
  // The real service runs several steps in order; podthaw's document has one.
  mainSteps: z.array(stepSchema).length(1),
});

export type SsmDocument = z.infer<typeof documentSchema>;
export type ParameterValues = Readonly<Record<string, string>>;

/** The first agent that exports ENV_VAR parameters (Systems Manager user guide, data elements). */
const ENV_VAR_AGENT = [3, 3, 2746, 0] as const;

/** The one step of a parsed document. */
export function stepOf(document: SsmDocument): SsmDocument['mainSteps'][number] {
  const [step] = document.mainSteps;
  if (!step) throw new Error('a document without a step');
  return step;
}

/**
 * Defaults filled in, every value checked: what SendCommand does before it accepts a command.
 * @throws ServiceError InvalidParameters
 */
export function checkParameters(
  document: SsmDocument,
  given: Readonly<Record<string, string[]>>,
): ParameterValues {
  const unknown = Object.keys(given).filter((name) => !(name in document.parameters));
  if (unknown.length > 0) {
    throw invalid(`Parameters [${unknown.join(', ')}] are not defined in the document.`);
  }
  return Object.fromEntries(
    Object.entries(document.parameters).map(([name, parameter]) => {
      const values = given[name] ?? (parameter.default === undefined ? [] : [parameter.default]);
      const [value] = values;
      if (value === undefined) throw invalid(`Missing required parameter: ${name}`);
      if (values.length > 1) throw invalid(`Parameter "${name}" takes one String value.`);
      const fault = faultOf(parameter, value);
      if (fault) throw invalid(`Parameter value ${value} of "${name}" ${fault}`);
      return [name, value];
    }),
  );
}

/** What the agent puts into the step's script and environment. */
export type HandOver = { script: string; environment: Record<string, string> };

/** How an agent that exports ENV_VAR parameters treats `{{ Name }}` in the script. */
export type Placeholders = 'kept' | 'pasted';

/**
 * An agent from 3.3.2746.0 exports ENV_VAR parameters as `SSM_<Name>`; an older one pastes their
 * values over `{{ Name }}` like those of any other parameter. No public source says what the new
 * one does with a `{{ Name }}` of an ENV_VAR parameter, so a script has to work with both.
 */
export function handOver(
  document: SsmDocument,
  values: ParameterValues,
  agentVersion: string,
  placeholders: Placeholders,
): HandOver {
  const exported = exportsEnvVar(agentVersion)
    ? Object.keys(values).filter(
        (name) => document.parameters[name]?.interpolationType === 'ENV_VAR',
      )
    : [];
  const pasted = Object.keys(values).filter(
    (name) => placeholders === 'pasted' || !exported.includes(name),
  );
  const lines = stepOf(document).inputs.runCommand.map((line) => paste(line, pasted, values));
  return {
    // The agent ends the file with a line break of its own (pluginutil.CreateScriptFile).
    script: `${lines.join('\n')}\n`,
    environment: Object.fromEntries(exported.map((name) => [`SSM_${name}`, values[name] ?? ''])),
  };
}

/** Seconds until the agent kills the script: 5 to 172,800; 3,600 for anything else, like the agent. */
export function timeoutOf(document: SsmDocument): number {
  const seconds = Number(stepOf(document).inputs.timeoutSeconds);
  return seconds >= 5 && seconds <= 172_800 ? Math.floor(seconds) : 3600;
}

/** `{{Name}}` and `{{ Name }}`, all in one pass: a pasted value is not looked through again. */
function paste(line: string, names: string[], values: ParameterValues): string {
  return line.replace(/\{\{\s*([a-zA-Z0-9]+)\s*\}\}/g, (placeholder, name: string) =>
    names.includes(name) ? (values[name] ?? '') : placeholder,
  );
}

function faultOf(parameter: z.infer<typeof parameterSchema>, value: string): string | undefined {
  const { allowedPattern, allowedValues, minChars = 0, maxChars = Infinity } = parameter;
  if (allowedPattern !== undefined && !new RegExp(`^(?:${allowedPattern})$`).test(value)) {
    return `doesn't match the allowed pattern ${allowedPattern}`;
  }
  if (allowedValues && !allowedValues.includes(value)) {
    return `is not one of ${allowedValues.join(', ')}`;
  }
  if (value.length < minChars || value.length > maxChars) return 'is too short or too long';
  return undefined;
}

function exportsEnvVar(agentVersion: string): boolean {
  const parts = agentVersion.split('.').map(Number);
  for (const [index, least] of ENV_VAR_AGENT.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

const invalid = (message: string) => new ServiceError('InvalidParameters', message);
