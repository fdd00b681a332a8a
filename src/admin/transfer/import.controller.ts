import { applyDecorators, Controller, HttpStatus, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiExtraModels, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Requires } from '../../http/access.js';
import { Answers } from '../../http/api-doc.js';
import type { Dto } from '../../http/dto-field.js';
import type { FileReport } from '../../http/errors.js';
import { FILE_REPORT } from '../../http/file-report.js';
import { adminAnswer } from '../../http/pagination.js';
import { actorOf } from '../../http/principal.js';
import { always, object } from '../../http/shapes.js';
import { awaitLong, breakOff, STREAMED_TYPES, StreamedBody, streamOf } from '../../http/streamed-body.js';
import { IMPORTED } from './file-examples.js';
import { incomingFormat } from './file-format.js';
import { ImportsService, type SentFile } from './imports.service.js';
import { ImportedLicense, ImportedSeat, ImportQuery } from './transfer.dto.js';

const ANSWER = object({ success: always(true), data: FILE_REPORT });

/** A file that comes in as a stream, and how it is documented. */
const TakesFile = (
  operationId: string,
  description: string,
  row: Dto,
  sends: Readonly<Record<string, string>>,
) =>
  applyDecorators(
    StreamedBody(...STREAMED_TYPES),
    ApiConsumes('text/csv', 'application/x-ndjson', 'application/octet-stream'),
    ApiExtraModels(row),
    ApiBody({ schema: { type: 'string' } }),
    Answers(
      operationId,
      { 200: ANSWER, 201: ANSWER },
      {
        description: `${description} Rows are of \`${row.name}\`.`,
        sends,
        refuses: { 400: ['The upload broke off'], 409: ['Another import is running'] },
      },
    ),
  );

const fileOf = (request: FastifyRequest, { format, dry_run }: ImportQuery): SentFile => ({
  bytes: streamOf(request),
  format: incomingFormat(request.headers['content-type'], format),
  dryRun: dry_run,
  actor: actorOf(request),
  isAwaited: awaitLong(request),
  breakOff: () => breakOff(request),
});

@ApiTags('import')
@ApiSecurity('admin_key')
@Requires('import')
@Controller('admin/import')
export class ImportController {
  constructor(private readonly imports: ImportsService) {}

  @Post('licenses')
  @TakesFile(
    'importLicenses',
    'All rows or none, with a report by line. A row needs the `key` that was sold: it is stored as a hash, and a new one ' +
      'could never be told. In CSV `limits`, `features` and `metadata` hold JSON; an empty cell of a date is no end, and ' +
      'a column that is left out comes from the policy. One event, `license.imported`, is noted for the whole file.',
    ImportedLicense,
    IMPORTED.licenses,
  )
  async licenses(
    @Query() query: ImportQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return told(await this.imports.licenses(fileOf(request, query)), reply);
  }

  @Post('seats')
  @TakesFile(
    'importSeats',
    'All rows or none, with a report by line. A row names its license by `license_id` or `license_key`; no license gets ' +
      'more seats than its `max_activations`. One event, `activation.imported`, is noted for the whole file.',
    ImportedSeat,
    IMPORTED.seats,
  )
  async seats(
    @Query() query: ImportQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return told(await this.imports.seats(fileOf(request, query)), reply);
  }
}

function told(report: FileReport, reply: FastifyReply) {
  void reply.status(report.dry_run ? HttpStatus.OK : HttpStatus.CREATED);
  return adminAnswer(report);
}
