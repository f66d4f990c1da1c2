/** Messages link into the runbook: every link has its section, and every section its link. */
import { existsSync, readFileSync } from 'node:fs';
import GithubSlugger from 'github-slugger';
import { describe, expect, test } from 'vitest';
import { anchorOf } from '../../lambda/domain/message/entry.ts';
import { HEALTH_ANCHORS } from '../../lambda/domain/message/health.ts';
import { makeIncident } from '../../lambda/domain/message/incident.ts';
import { POD_OUTCOMES } from '../../lambda/domain/outcome.ts';
import { CAUSES } from '../../lambda/domain/report.ts';
import {
  goneSample,
  ORIGIN,
  PAST_PROBLEM,
  resolvedOutcome,
  sampleOutcome,
} from '../lambda/domain/message/samples.ts';

const folder = new URL('../../docs/', import.meta.url);
const text = readFileSync(new URL('runbook.md', folder), 'utf8');

/** Each section's body by the anchor that GitHub gives its heading. */
const sections = (() => {
  const slugger = new GithubSlugger();
  const [, ...parts] = text.replaceAll(/```[\s\S]*?```/g, '').split(/^#+ /m);
  return new Map(
    parts.map((part) => [slugger.slug(part.slice(0, part.indexOf('\n'))), part] as const),
  );
})();

const expected = [
  ...POD_OUTCOMES.map((kind) => `outcome-${kind}`),
  ...CAUSES.map((cause) => `cause-${cause}`),
  ...HEALTH_ANCHORS,
  'problem',
  'resolved',
];

test.each(expected)('%s has a section: what it means, how to look, what to do', (anchor) => {
  const body = sections.get(anchor);
  expect(body).toMatch(/^- \*\*Means\*\*.{20,}/m);
  expect(body).toMatch(/^- \*\*Look\*\*.{10,}/m);
  expect(body).toMatch(/^- \*\*Do\*\*.{5,}/m);
});

test('no section is about something that no message links to', () => {
  const about = [...sections.keys()].filter((a) =>
    /^(outcome|cause|health|problem|resolved)(-|$)/.test(a),
  );
  expect(about.toSorted()).toEqual(expected.toSorted());
});

describe('every link that a message can make', () => {
  const kinds = [undefined, ...CAUSES];
  test.each(POD_OUTCOMES)('%s', (outcome) => {
    for (const cause of kinds) {
      for (const holding of kinds) {
        const pod = { outcome, ...(cause && { cause }), ...(holding && { holding }) };
        expect(expected).toContain(anchorOf(pod));
      }
    }
  });

  test('of a problem', () => {
    const { links } = makeIncident(sampleOutcome([], { problem: 'no access' }), ORIGIN);
    expect(links[0]?.url).toBe(`${ORIGIN.runbookUrl}#problem`);
  });

  test('of what is over', () => {
    for (const over of [PAST_PROBLEM, goneSample('held')]) {
      const { entries } = makeIncident(resolvedOutcome([over]), ORIGIN);
      expect(entries[0]?.links[0]?.url).toBe(`${ORIGIN.runbookUrl}#resolved`);
    }
  });
});

test('links within the runbook lead somewhere', () => {
  for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    const [path, anchor] = target.split('#');
    if (path) expect(existsSync(new URL(path, folder)), target).toBe(true);
    else expect([...sections.keys()], target).toContain(anchor);
  }
});
