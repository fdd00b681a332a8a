import { styleText } from 'node:util';
import { plainJson, plainText } from '../plain-text.js';
import { withoutKeys } from './keys-out.js';
import type { Reply } from './reply.js';

const stdout = process.stdout;
const stderr = process.stderr;

type Style = 'green' | 'yellow' | 'red' | 'bold';

const COLOURS = { 0: 'green', 2: 'yellow', 3: 'red' } as const satisfies Record<number, Style>;

const isColoured = (stream: NodeJS.WriteStream): boolean => stream.isTTY && stream.hasColors();

const styled = (stream: NodeJS.WriteStream, style: Style, text: string): string =>
  isColoured(stream) ? styleText(style, text) : text;

/** Streams that take nothing any more, and why. */
const broken = new Map<NodeJS.WriteStream, string>();

/** Whether something was lost that should have been read: a full disk, for instance. */
export const hasLostOutput = (): boolean => [...broken.values()].some((code) => code !== 'EPIPE');

/** A reader that has seen enough, as `head` does, is no reason to fail. */
function noteBroken(stream: NodeJS.WriteStream, { code = 'unknown error' }: NodeJS.ErrnoException): void {
  // What is written afterwards fails with another code, which says nothing.
  if (broken.has(stream)) return;
  broken.set(stream, code);
  const other = stream === stdout ? stderr : stdout;
  if (code === 'EPIPE' || broken.has(other)) return;
  const name = stream === stdout ? 'Standard output' : 'Standard error';
  other.write(`error: ${name} cannot be written (${code}).\n`);
}

/** Without a listener a stream that fails would end the process with a stack trace. */
export function tolerateBrokenStreams(): void {
  for (const stream of [stdout, stderr]) stream.on('error', (error) => noteBroken(stream, error));
}

/** Ends when the text has left this process, so that an exit cannot cut it off. */
const write = (stream: NodeJS.WriteStream, text: string): Promise<void> =>
  new Promise((done) => {
    stream.write(text, (error) => {
      if (error) noteBroken(stream, error);
      done();
    });
  });

/** Sentences may repeat what was typed or read, which may be a key in the wrong place. */
const sentence = (text: string): string => plainText(withoutKeys(text));

export async function warn(warnings: readonly string[]): Promise<void> {
  for (const warning of warnings)
    await write(stderr, `${styled(stderr, 'yellow', 'warning')}: ${sentence(warning)}\n`);
}

export async function print(reply: Reply, asJson: boolean): Promise<void> {
  if (asJson) return write(stdout, `${plainJson(JSON.stringify(reply.json, null, stdout.isTTY ? 2 : 0))}\n`);
  await warn(reply.warnings ?? []);
  const [first, ...rest] = reply.lines.map((line) => plainText(line));
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
  const message = withoutKeys(complaint.message);
  if (asJson) return write(stdout, `${plainJson(JSON.stringify({ error: { ...complaint, message } }))}\n`);
  await write(stderr, `${styled(stderr, 'red', 'error')}: ${plainText(message)}\n`);
}

/** Progress and hints, which are no part of the answer. */
export const say = (text: string): Promise<void> => write(stderr, `${sentence(text)}\n`);
