import type { Readable } from 'node:stream';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { Answers } from '../../http/api-doc.js';
import { CurrentActor } from '../../http/principal.js';
import { content } from '../../http/shapes.js';
import { ExportsService } from './exports.service.js';
import { EXPORTED } from './file-examples.js';
import { CONTENT_TYPES, type FileFormat } from './file-format.js';
import { ExportLicensesQuery, ExportSeatsQuery } from './transfer.dto.js';

const attachment = (filename: string) => ({
  'Content-Disposition': {
    description: 'The name of the file.',
    example: `attachment; filename="${filename}"`,
  },
});

@ApiTags('export')
@ApiSecurity('admin_key')
@Requires('export')
@Controller('admin/export')
export class ExportController {
  constructor(private readonly exports: ExportsService) {}

  @Get('licenses')
  @Answers(
    'exportLicenses',
    { 200: content(EXPORTED.licenses) },
    {
      headers: attachment('licenses.csv'),
      description:
        'A file of all licenses as they are at one moment, in the order of their ids, with the columns of an import; in ' +
        'place of `key`, which nobody has, stands `key_hint`. In CSV a text that a spreadsheet would run as a formula has ' +
        'an apostrophe in front, which an import takes away.',
    },
  )
  async licenses(
    @Query() query: ExportLicensesQuery,
    @CurrentActor() actor: Actor,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    send(reply, 'licenses', query.format, await this.exports.licenses(query, actor));
  }

  @Get('seats')
  @Answers(
    'exportSeats',
    { 200: content(EXPORTED.seats) },
    {
      description: 'A file of all seats in use, as an import takes it.',
      headers: attachment('seats.csv'),
    },
  )
  async seats(
    @Query() query: ExportSeatsQuery,
    @CurrentActor() actor: Actor,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    send(reply, 'seats', query.format, await this.exports.seats(query, actor));
  }
}

function send(reply: FastifyReply, name: string, format: FileFormat, file: Readable): void {
  void reply
    .headers({
      'content-type': `${CONTENT_TYPES[format]}; charset=utf-8`,
      'content-disposition': `attachment; filename="${name}.${format}"`,
      'cache-control': 'no-store',
    })
    .send(file);
}
