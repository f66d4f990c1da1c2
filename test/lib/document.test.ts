import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentContent } from '../../lib/document.ts';

const script = '#!/usr/bin/env bash\nset -euo pipefail\nmain "$@"\n';
const content = documentContent(script);
const uid = '6f1c2b9a-0d4e-4c6f-9a51-3f0b6f0e7c11';
const staticUid = '0d0f5a1e7b2c4d6e8f90a1b2c3d4e5f6';

const accepts = (name: keyof typeof content.parameters, value: string) =>
  new RegExp(content.parameters[name].allowedPattern).test(value);

describe('the document', () => {
  test('runs the script under its own shebang, the prelude right after it', () => {
    const lines = content.mainSteps[0]?.inputs.runCommand ?? [];
    expect(lines[0]).toBe('#!/usr/bin/env bash');
    expect(lines.slice(1, 5)).toEqual(
      ['Action', 'Targets', 'Settle', 'Wait'].map(
        (name) => `if [ -z "\${SSM_${name}+x}" ]; then export SSM_${name}='{{${name}}}'; fi`,
      ),
    );
    expect(lines.slice(5).join('\n')).toBe('set -euo pipefail\nmain "$@"\n');
  });

  test('hands every parameter over in the environment', () => {
    for (const parameter of Object.values(content.parameters)) {
      expect(parameter).toMatchObject({ type: 'String', interpolationType: 'ENV_VAR' });
    }
  });

  test.each([
    ['no shebang', 'echo hi\n', 'line 1'],
    ['a brace pair', `#!/bin/sh\n\nx='{{ Action }}'\n`, 'line 3: the agent would read {{'],
    ['exit 137', '#!/bin/sh\nexit 137\n', 'line 2: exit code 137'],
    ['return 194', '#!/bin/sh\n  kill || return "194"\n', 'line 2: exit code 194'],
    ['exit 168', '#!/bin/sh\n{ exit 168; }\n', 'exit code 168'],
    ['exit 169', '#!/bin/sh\n: ; exit 169\n', 'exit code 169'],
    ['61 KB', `#!/bin/sh\n${': 0123456789\n'.repeat(5000)}`, 'bytes, expected ≤ 61440'],
  ])('refuses a script with %s', (_, text, message) => {
    expect(() => documentContent(text)).toThrow(message);
  });

  test('lets a comment speak of exit codes', () => {
    expect(() => documentContent('#!/bin/sh\n# never exit 137\nexit 3\n')).not.toThrow();
  });
});

describe('patterns', () => {
  test.each([
    ['Action', 'check'],
    ['Action', 'thaw'],
    ['Targets', uid],
    ['Targets', staticUid],
    ['Targets', `${uid},${staticUid}`],
    ['Targets', Array(200).fill(uid).join(',')],
    ['Targets', '--all'],
    ['Settle', '0'],
    ['Wait', '60'],
  ] as const)('%s accepts %s', (name, value) => {
    expect(accepts(name, value)).toBe(true);
  });

  test.each([
    ['Action', 'freeze'],
    ['Action', 'thaw\n'],
    ['Targets', ''],
    ['Targets', `${uid},`],
    ['Targets', `${uid};${staticUid}`],
    ['Targets', `--all,${uid}`],
    ['Targets', `${uid},--all`],
    ['Targets', '--all --above-pod'],
    ['Targets', '/'],
    ['Targets', '1234'],
    ['Targets', `${uid}\nreboot`],
    ['Targets', uid.toUpperCase()],
    ['Targets', `${staticUid}0`],
    ['Settle', ''],
    ['Settle', '-1'],
    ['Wait', '100'],
  ] as const)('%s refuses %j', (name, value) => {
    expect(accepts(name, value)).toBe(false);
  });

  test('200 UIDs are as long as Targets may be', () => {
    expect(content.parameters.Targets.maxChars).toBe(Array(200).fill(uid).join(',').length);
  });

  test('keep to what Java and Go share: anchored, no lookaround, no back reference, no nested count', () => {
    for (const { allowedPattern } of Object.values(content.parameters)) {
      expect(allowedPattern).toMatch(/^\^.*\$$/);
      expect(allowedPattern).not.toMatch(/\(\?|\\|\)\{|\*\+|\+\+|\?\+/);
    }
  });

  // What a shell might read, and near misses made from real values by one foreign character.
  const near = fc
    .tuple(
      fc.constantFrom('thaw', 'check', '--all', uid, `${uid},${staticUid}`, '10'),
      fc.oneof(fc.constantFrom(...'\'"`$\\;&|<>(){}[]*?!#~ \t\n\r\0%^=@:/.+_'), fc.string()),
      fc.nat(80),
      fc.nat(1),
    )
    .map(([value, foreign, at, gone]) => value.slice(0, at) + foreign + value.slice(at + gone));

  test.each(Object.keys(content.parameters) as (keyof typeof content.parameters)[])(
    '%s accepts nothing that a shell reads',
    (name) => {
      const values = fc.oneof(near, fc.string(), fc.string({ unit: 'binary' }));
      fc.assert(
        fc.property(values, (value) => {
          if (accepts(name, value)) expect(value).toMatch(/^[a-z0-9,-]+$/);
        }),
        { numRuns: 5000 },
      );
    },
  );
});
