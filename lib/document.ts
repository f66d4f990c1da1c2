/** The SSM document: freezer.sh, its parameters, and what may not be in it. */
import { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { nodeScript } from './node-script.ts';

/** SSM allows 64 KB; the rest is room for a fix at three in the morning. */
const maxBytes = 60 * 1024;

const podUid = '([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})';
/** 200 UIDs of 36 characters and the commas between them. */
const targetsMaxChars = 200 * 36 + 199;

/**
 * Checked by the API (Java) and by the agent (Go, unanchored): anchors, classes and counts only. The
 * list repeats by `*`, since Go caps the *product* of nested counts at 1,000; maxChars bounds it.
 */
const parameters = {
  Action: {
    type: 'String',
    description: 'check only reports; thaw writes.',
    allowedPattern: '^(check|thaw)$',
    interpolationType: 'ENV_VAR',
  },
  Targets: {
    type: 'String',
    description: 'UIDs of pods, joined by commas, or --all.',
    allowedPattern: `^(--all|${podUid}(,${podUid})*)$`,
    maxChars: targetsMaxChars,
    interpolationType: 'ENV_VAR',
  },
  Settle: {
    type: 'String',
    description: 'Seconds for which a freeze must show before it counts.',
    default: '10',
    allowedPattern: '^[0-9]{1,2}$',
    interpolationType: 'ENV_VAR',
  },
  Wait: {
    type: 'String',
    description: 'Seconds to watch tasks exit after a thaw.',
    default: '20',
    allowedPattern: '^[0-9]{1,2}$',
    interpolationType: 'ENV_VAR',
  },
} as const;

/** What SSM is given for a script's text. @throws Error when the script cannot be a document. */
export function documentContent(script: string) {
  const [shebang = '', ...lines] = script.split('\n');
  refuseScript(shebang, lines);
  const content = {
    schemaVersion: '2.2',
    description:
      'podthaw: looks at the cgroup freezer of pods and thaws what a deletion waits for.',
    parameters,
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: 'freezer',
        precondition: { StringEquals: ['platformType', 'Linux'] },
        inputs: { timeoutSeconds: '120', runCommand: [shebang, ...prelude(), ...lines] },
      },
    ],
  };
  const bytes = Buffer.byteLength(JSON.stringify(content));
  if (bytes > maxBytes) throw new Error(`SSM document: ${bytes} bytes, expected ≤ ${maxBytes}`);
  return content;
}

/** The document as deployed: unnamed, so that CloudFormation replaces it when the script changes. */
export function freezerDocument(scope: Construct): CfnDocument {
  return new CfnDocument(scope, 'Document', {
    documentType: 'Command',
    documentFormat: 'JSON',
    targetType: '/AWS::EC2::Instance',
    updateMethod: 'Replace',
    content: documentContent(nodeScript),
  });
}

/**
 * Agents before 3.3.2746.0 know no ENV_VAR and paste instead. Safe, since no pattern above admits a
 * character that a shell reads. AWS's own fallback, with single quotes:
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-troubleshooting.html
 */
function prelude(): string[] {
  return Object.keys(parameters).map(
    (name) => `if [ -z "\${SSM_${name}+x}" ]; then export SSM_${name}='{{${name}}}'; fi`,
  );
}

function refuseScript(shebang: string, lines: string[]): void {
  if (!shebang.startsWith('#!')) throw new Error(`script, line 1: got ${shebang}, expected a #!`);
  lines.forEach((line, at) => {
    const fault = faultOf(line);
    if (fault) throw new Error(`script, line ${at + 2}: ${fault}: ${line.trim()}`);
  });
}

/** The agent takes 194 for "reboot", 168 and 169 for "stop here", 137 for "timed out". */
function faultOf(line: string): string | undefined {
  if (line.includes('{{')) return 'the agent would read {{ as a parameter';
  const code = /^[^#]*\b(?:exit|return)\s+["']?(137|168|169|194)\b/.exec(line)?.[1];
  return code && `exit code ${code} has a meaning of its own to the agent`;
}
