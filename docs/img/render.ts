/** Makes docs/img/slack.png with headless Chromium: `node docs/img/render.ts` (apt: chromium, fonts-lato, fonts-noto-color-emoji). */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { slackPage } from './slack-page.ts';

const folder = mkdtempSync(join(tmpdir(), 'podthaw-picture-'));
try {
  const html = slackPage();
  writeFileSync(join(import.meta.dirname, 'slack.html'), html);
  writeFileSync(join(folder, 'page.html'), html);
  execFileSync('chromium', [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--hide-scrollbars',
    '--window-size=760,604',
    `--user-data-dir=${folder}`,
    `--screenshot=${join(import.meta.dirname, 'slack.png')}`,
    `file://${join(folder, 'page.html')}`,
  ]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
