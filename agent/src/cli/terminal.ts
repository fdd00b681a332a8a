import { styleText } from 'node:util';
import type { Reply } from './reply.js';

const stdout = process.stdout;
const stderr = process.stderr;

type Style = 'green' | 'yellow' | 'red' | 'bold';

const COLOURS = { 0: 'green', 2: 'yellow', 3: 'red' } as const satisfies Record<number, Style>;

const isColoured = (stream: NodeJS.WriteStream): boolean => stream.isTTY && stream.hasColors();

const styled = (stream: NodeJS.WriteStream, style: Style, text: string): string =>
  isColoured(stream) ? styleText(style, text) : text;

/** A reader that has seen enough, as `head` does, is no reason to fail. */
export function tolerateClosedPipes(): void {
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** Ends when the text has left this process, so that an exit cannot cut it off. */
const write = (stream: NodeJS.WriteStream, text: string): Promise<void> =>
  new Promise((done) => {
    stream.write(text, () => done());
  });

export async function warn(warnings: readonly string[]): Promise<void> {
  for (const warning of warnings) await write(stderr, `${styled(stderr, 'yellow', 'warning')}: ${warning}\n`);
}

export async function print(reply: Reply, asJson: boolean): Promise<void> {
  if (asJson) return write(stdout, `${JSON.stringify(reply.json, null, stdout.isTTY ? 2 : 0)}\n`);
  await warn(reply.warnings ?? []);
  const [first, ...rest] = reply.lines;
  if (first === undefined) return;
  const style = COLOURS[reply.exit as keyof typeof COLOURS];
  await write(
    stdout,
    `${[style === undefined ? first : styled(stdout, style, first), ...rest].join('\n')}\n`,
  );
}

export interface Complaint {
  readonly code: string;
  readonly message: string;
  readonly retry_after_seconds?: number;
}

/** An error is a document too, so that a program reads one thing only. */
export async function complain(complaint: Complaint, asJson: boolean): Promise<void> {
  if (asJson) return write(stdout, `${JSON.stringify({ error: complaint })}\n`);
  await write(stderr, `${styled(stderr, 'red', 'error')}: ${complaint.message}\n`);
}

/** Progress and hints, which are no part of the answer. */
export const say = (text: string): Promise<void> => write(stderr, `${text}\n`);
