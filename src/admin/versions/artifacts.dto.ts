import { Text } from '../../http/fields.js';
import { listQuery } from '../../http/pagination.js';

/** What systems and compilers call themselves. */
const TARGET = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** One name, not a path: no slash of either kind, nothing that shows as nothing or hides, and no dot in front. */
const FILENAME = /^(?!\.)[^/\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u;

export class UploadQuery {
  @Text({
    required: true,
    trim: true,
    max: 255,
    pattern: FILENAME,
    example: 'panel-1.4.2.tgz',
    description: 'The name under which panels get it.',
  })
  filename: string;

  @Text({ max: 64, pattern: TARGET, example: 'linux', description: 'Absent for every platform.' })
  platform?: string;

  @Text({ max: 64, pattern: TARGET, example: 'x64', description: 'Absent for every architecture.' })
  arch?: string;
}

export class ArtifactsQuery extends listQuery(['filename', 'size']) {}
