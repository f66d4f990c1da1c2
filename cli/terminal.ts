/** Where the commands read and write: a terminal, a pipe, or a test. */
import process from 'node:process';
import { createInterface } from 'node:readline/promises';

export interface Terminal {
  /** Results, and nothing else. */
  print(text: string): void;
  /** Progress and errors. */
  note(text: string): void;
  /** Replaces the last `status`; says nothing where that cannot be done. */
  status(text: string): void;
  /** Whether a person is there to be asked. */
  interactive: boolean;
  ask(question: string): Promise<string>;
}

export function terminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  return {
    print: (text) => void stdout.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    status: (text) => {
      if (stderr.isTTY) stderr.write(`\r\u001b[K${text}`);
    },
    interactive: stdin.isTTY && stderr.isTTY,
    ask: async (question) => {
      const lines = createInterface({ input: stdin, output: stderr });
      try {
        return await lines.question(question);
      } finally {
        lines.close();
      }
    },
  };
}
