import { Controller, Get, Header, Param, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Answers } from '../http/api-doc.js';
import { exampleHash } from '../http/examples.js';
import { content } from '../http/shapes.js';
import { EXAMPLE_TOKEN } from '../access/download-answer.js';
import type { FileRequest } from './file-answer.js';
import { FilesService } from './files.service.js';

const BYTES = content({ 'application/octet-stream': 'the bytes of a file' });

const WITH_BYTES = [200, 206];

const HEADERS = {
  'Accept-Ranges': { description: 'Parts can be asked for.', example: 'bytes', on: WITH_BYTES },
  'Content-Disposition': {
    description: 'The name of the file.',
    example: 'attachment; filename="panel-1.4.2.tgz"',
    on: [...WITH_BYTES, 304],
  },
  'Content-Range': { description: 'Which part it is.', example: 'bytes 0-3/20', on: [206, 416] },
  ETag: {
    description: 'The SHA-256 of the whole file.',
    example: `"${exampleHash('file')}"`,
    on: [...WITH_BYTES, 304],
  },
  Location: { description: 'A presigned address.', example: 'https://storage.example.com/…', on: [302] },
};

@ApiTags('download')
@Controller('download/file')
export class FilesController {
  constructor(private readonly files: FilesService) {}

  @Get(':token')
  @Answers(
    'downloadFile',
    { 200: BYTES, 206: BYTES, 302: null, 304: null },
    {
      description:
        'The bytes, whole or those of a `Range`; from object storage a redirect to them. `If-None-Match`, `If-Match` and ' +
        '`If-Range` compare with `ETag`. HEAD tells the same without the bytes.',
      parameters: { token: EXAMPLE_TOKEN },
      headers: HEADERS,
      refuses: {
        401: ['Invalid download token'],
        412: ['Precondition failed'],
        416: ['Range not satisfiable'],
      },
    },
  )
  @Header('Cache-Control', 'private, no-store')
  @Header('Referrer-Policy', 'no-referrer')
  async file(@Param('token') token: string, @Req() http: FastifyRequest, @Res() reply: FastifyReply) {
    const { status, headers, body } = await this.files.open(token, http as FastifyRequest & FileRequest);
    void reply.status(status).headers(headers).send(body);
  }
}
