/** A terminal that remembers what was said, and answers as it was told to. */
import type { Terminal } from '../../cli/terminal.ts';

export interface FakeTerminal extends Terminal {
  printed: string[];
  noted: string[];
  asked: string[];
}

export function fakeTerminal(answer?: string): FakeTerminal {
  const [printed, noted, asked]: string[][] = [[], [], []];
  return {
    printed: printed ?? [],
    noted: noted ?? [],
    asked: asked ?? [],
    print: (text) => void printed?.push(text),
    note: (text) => void noted?.push(text),
    status: () => {},
    interactive: answer !== undefined,
    ask: async (question) => {
      asked?.push(question);
      return answer ?? '';
    },
  };
}
