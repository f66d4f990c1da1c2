/** The script that runs on nodes, as the SSM document carries it. */
import { readFileSync } from 'node:fs';
import { LangVariant, print } from 'sh-syntax';

const scriptPath = new URL('../agent-scripts/freezer.sh', import.meta.url);

/** freezer.sh without what only a reader needs: see docs/adr/0002-a-smaller-script-for-ssm.md. */
export const nodeScript = await smaller(readFileSync(scriptPath, 'utf8'));

/**
 * The same program without comments and indentation.
 *
 * @throws ParseError where `script` is not bash
 */
export function smaller(script: string): Promise<string> {
  return print(script, { variant: LangVariant.LangBash, minify: true });
}
