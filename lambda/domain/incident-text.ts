/** The incident in plain text: what e-mail shows, and the fallback of every other reader. */
import type { Entry } from './message/entry.ts';
import { headline, type Incident } from './message/incident.ts';
import type { Link } from './message/links.ts';
import { ascii } from './message/printable.ts';
import type { Outcome } from './outcome.ts';

/** At most 100 ASCII characters without line breaks, as SNS wants a subject. */
export function subjectOf(outcome: Outcome): string {
  return ascii(`podthaw: ${headline(outcome)}`).slice(0, 100);
}

export function incidentText(incident: Incident): string {
  return [
    `${incident.icon} ${incident.headline}`,
    incident.place,
    '',
    ...(incident.problem === undefined ? [] : [incident.problem, '']),
    ...incident.entries.flatMap((entry) => [
      ...titleLine(entry, incident),
      ...entryLines(entry),
      '',
    ]),
    ...(incident.more === undefined ? [] : [incident.more, '']),
    incident.run,
    ...incident.links.map(linkLine),
  ].join('\n');
}

function entryLines(entry: Entry): string[] {
  const proven = entry.proof.filter((rung) => rung.proven).map((rung) => rung.claim);
  const open = entry.proof.filter((rung) => !rung.proven).map((rung) => rung.claim);
  return [
    ...entry.facts.map(([label, text]) => fact(label, text)),
    ...entry.freezer.map((line) => fact('freezer', line)),
    ...(proven.length === 0 ? [] : [fact('proven', proven.join('; '))]),
    ...(open.length === 0 ? [] : [fact('not proven', open.join('; '))]),
    fact('left to do', entry.step),
    ...entry.evidence.map((line) => fact('process', line)),
    ...entry.links.map((link) => `  ${linkLine(link)}`),
    ...(hasRunbook(entry) ? [] : [fact('runbook', `docs/runbook.md#${entry.anchor}`)]),
  ];
}

/** Where the headline has said it, not again. */
function titleLine({ title, verdict }: Entry, { headline: said }: Incident): string[] {
  return said === `${title} ${verdict}` ? [] : [`${title}: ${verdict}`];
}

function hasRunbook({ links }: Entry): boolean {
  return links.some(({ label }) => label.startsWith('runbook'));
}

function fact(label: string, text: string): string {
  return `  ${`${label}:`.padEnd(15)}${text}`;
}

function linkLine({ label, url }: Link): string {
  return `${label}: ${url}`;
}
