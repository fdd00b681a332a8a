import { fieldErrors } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';

export const FORMATS = ['csv', 'ndjson'] as const;

/** How rows are written: RFC 4180 with a header, or a JSON object a line. */
export type FileFormat = (typeof FORMATS)[number];

export const CONTENT_TYPES = {
  csv: 'text/csv',
  ndjson: 'application/x-ndjson',
} as const satisfies Record<FileFormat, string>;

const formatOf = (contentType: string): FileFormat | undefined => {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  return FORMATS.find((format) => CONTENT_TYPES[format] === type);
};

/**
 * The format of a file that comes in: told by its content type, by the query, or by both when they agree.
 * @throws FieldErrors for a query that contradicts the type, and for bare bytes of which nothing is told
 */
export function incomingFormat(contentType: string | undefined, asked: FileFormat | undefined): FileFormat {
  const sent = formatOf(contentType ?? '');
  if (sent !== undefined && asked !== undefined && sent !== asked)
    throw fieldErrors({ format: [sentence('selected', 'format')] });
  const format = asked ?? sent;
  if (format === undefined) throw fieldErrors({ format: [sentence('required', 'format')] });
  return format;
}
