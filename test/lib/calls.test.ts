import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { everything, templateOf } from './deployment.ts';
import { grantsOf, resourcesOf } from './template.ts';

const lambda = fileURLToPath(new URL('../../lambda', import.meta.url));
const services: Record<string, string> = {
  dynamodb: 'dynamodb',
  ec2: 'ec2',
  eks: 'eks',
  'secrets-manager': 'secretsmanager',
  sns: 'sns',
  ssm: 'ssm',
};

/** The IAM actions behind the SDK commands and paginators that a file imports. */
function callsIn(text: string): string[] {
  const imports = text.matchAll(
    /import (?:type )?\{([^}]*)\} from '@aws-sdk\/client-([a-z0-9-]+)'/g,
  );
  return [...imports].flatMap(([, names = '', client = '']) =>
    [...names.matchAll(/\b(?:(\w+)Command|paginate(\w+))\b/g)].map(
      ([, command, paged]) => `${services[client] ?? client}:${command ?? paged}`,
    ),
  );
}

const called = new Set(
  globSync('**/*.ts', { cwd: lambda }).flatMap((f) =>
    callsIn(readFileSync(`${lambda}/${f}`, 'utf8')),
  ),
);
const granted = new Set(
  grantsOf(resourcesOf(templateOf(everything).toJSON()))
    .filter((s) => s.Effect === 'Allow')
    .flatMap((s) => s.Action),
);
/** Called by the Lambda service and by other services for us, not by our code. */
const behindTheScenes = /^(kms|logs|sqs):|^ec2:.*(NetworkInterface|PrivateIpAddresses|Subnets)/;

test('the functions may do what their code calls', () => {
  expect(called.size).toBeGreaterThan(3);
  expect([...called].filter((action) => !granted.has(action))).toEqual([]);
});

test('and nothing that it does not', () => {
  const unused = [...granted].filter(
    (action) => !called.has(action) && !behindTheScenes.test(action),
  );
  expect(unused).toEqual([]);
});
