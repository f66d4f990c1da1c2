import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseReport } from '../../../lambda/domain/report.ts';
import { uidOf } from './pods.ts';
import { reportOf, targetOf } from './reports.ts';

const whole = JSON.stringify(reportOf([targetOf(uidOf(1))]));

test('a whole report is read, with its line break', () => {
  expect(parseReport(`${whole}\n`)).toEqual({ ok: true, report: reportOf([targetOf(uidOf(1))]) });
});

test('fields of a later script do not matter', () => {
  const later = JSON.stringify({ ...reportOf([]), later: { of: 'use' } });
  expect(parseReport(later)).toMatchObject({ ok: true });
});

describe('anything else is a reason, never a success', () => {
  test.each([
    ['nothing', '', 'the node sent no report'],
    ['only a line break', '\n', 'the node sent no report'],
    ['not JSON', 'bash: command not found', 'no report but: bash: command not found'],
    ['half of it', whole.slice(0, whole.length / 2), 'cut off or broken'],
    ['the list call’s mark of a cut', `${whole.slice(0, 200)}--output truncated--`, 'cut off'],
    ['two lines of JSON', `${whole}\n${whole}`, 'cut off or broken'],
    ['another version', whole.replace('"podthaw":1', '"podthaw":2'), 'not version 1: podthaw'],
    ['a verdict of no known kind', whole.replace('"thawed"', '"fine"'), 'not version 1: targets.0'],
    ['a list', '[]', 'no report but'],
    ['an empty object', '{}', 'not version 1: podthaw'],
  ])('%s', (_, stdout, reason) => {
    const parsed = parseReport(stdout);
    expect(parsed).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });

  test('wherever it is cut', () => {
    for (let length = 0; length < whole.length; length += 1) {
      expect(parseReport(whole.slice(0, length)).ok).toBe(false);
    }
  });

  test('generated junk', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => !parseReport(text).ok));
  });
});
