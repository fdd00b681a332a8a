import type { IncomingMessage } from 'node:http';
import { safeParse, type BaseIssue, type GenericSchema } from 'valibot';
import { invalid } from './refusal.js';

const BODY_LIMIT_BYTES = 64 * 1024;
const JSON_TYPE = /^application\/json *(;|$)/i;

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) throw invalid('Request body is too large', 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw invalid('Malformed JSON');
  }
}

function parseObject(bytes: Buffer): object {
  const value = bytes.length === 0 ? null : parse(bytes);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalid('The body must be a JSON object.');
}

/** The checked body of a request; none at all counts as an empty object, unless it `mustBeThere`. */
export async function readBody<T>(
  request: IncomingMessage,
  schema: GenericSchema<unknown, T, BaseIssue<unknown>>,
  { mustBeThere = false } = {},
): Promise<T> {
  const bytes = await readBytes(request);
  if (bytes.length > 0 && !JSON_TYPE.test(request.headers['content-type'] ?? '')) {
    throw invalid('Unsupported content type', 415);
  }
  const result = safeParse(schema, bytes.length === 0 && !mustBeThere ? {} : parseObject(bytes), {
    abortEarly: true,
  });
  if (!result.success) throw invalid(result.issues[0].message);
  return result.output;
}
