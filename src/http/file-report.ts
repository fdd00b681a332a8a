import type { FileReport } from './errors.js';
import { flag, integer, list, nullable, object, resource, text, type Shape } from './shapes.js';

/** What became of a file that was sent in. It is `data` where all of it is good, and `details` of the refusal where it is not. */
export const FILE_REPORT: Shape<FileReport> = resource('FileReport', {
  rows: integer({ example: 100_000 }),
  imported: integer({ example: 100_000, description: 'All of the rows, or none.' }),
  errors_total: integer({ example: 0 }),
  errors: list(
    object({
      line: integer({ min: 1, example: 3, description: 'Counted from 1, the header included.' }),
      field: nullable(text({ example: 'product', description: 'Null where it is the line as a whole.' })),
      message: text({ example: 'The selected product is invalid.' }),
    }),
    { description: 'The first thousand.' },
  ),
  dry_run: flag({ description: 'Whether it was only looked at.' }),
});
