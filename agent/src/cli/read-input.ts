import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { AgentFault, systemCode } from '../errors.js';

/** Reads a small file whole, or standard input for `-`. `what` names it in complaints. */
export async function readInput(file: string, what: string, limitBytes: number): Promise<string> {
  const where = file === '-' ? 'standard input' : file;
  try {
    const text = await readBounded(file === '-' ? process.stdin : createReadStream(file), limitBytes);
    if (text !== null) return text;
  } catch (error) {
    const code = systemCode(error) ?? 'unknown error';
    throw new AgentFault('USAGE', `The ${what} cannot be read from ${where} (${code}).`, { cause: error });
  }
  throw new AgentFault('USAGE', `${where} holds more than ${limitBytes} bytes, so it is no ${what}.`);
}

async function readBounded(stream: Readable, limitBytes: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
