/** The README's picture is of the messages as they are now. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { slackPage } from '../../docs/img/slack-page.ts';

test('docs/img/slack.png was made from today’s blocks (else: node docs/img/render.ts)', () => {
  const pictured = readFileSync(new URL('../../docs/img/slack.html', import.meta.url), 'utf8');
  expect(slackPage()).toBe(pictured);
});
