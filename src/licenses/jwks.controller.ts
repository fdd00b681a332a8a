import { Controller, Get, Header } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { JWK_SET } from '../access/license-answer.js';
import { Answers } from '../http/api-doc.js';
import { LicensePlane } from './license-plane.js';

/** The same keys where JOSE libraries look for them. */
@ApiTags('license')
@Controller('.well-known')
export class JwksController {
  constructor(private readonly plane: LicensePlane) {}

  @Get('jwks.json')
  @Answers('getJwks', { 200: JWK_SET }, { description: 'The same keys as at /license/keys.' })
  @Header('Cache-Control', 'public, max-age=300')
  keys() {
    return this.plane.keys();
  }
}
