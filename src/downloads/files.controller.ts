import { Controller, Get, Header, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FileRequest } from './file-answer.js';
import { FilesService } from './files.service.js';

@ApiTags('download')
@Controller('download/file')
export class FilesController {
  constructor(private readonly files: FilesService) {}

  /** The bytes, whole or a range of them; from object storage a redirect to them. HEAD tells the same without the bytes. */
  @Get(':token')
  @Header('Cache-Control', 'private, no-store')
  @Header('Referrer-Policy', 'no-referrer')
  @ApiOkResponse({
    content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
  })
  async file(@Param('token') token: string, @Req() http: FastifyRequest, @Res() reply: FastifyReply) {
    const { status, headers, body } = await this.files.open(token, http as FastifyRequest & FileRequest);
    void reply.status(status).headers(headers).send(body);
  }
}
