import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { AdminAnswers, AdminLists } from '../../http/api-doc.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { either, list } from '../../http/shapes.js';
import { createdBody, ISSUED_LICENSE } from './issued-license.js';
import { LICENSE, licenseBody } from '../../access/license-body.js';
import { CreateLicense, LicensesQuery, UpdateLicense } from './licenses.dto.js';
import { LicensesService } from './licenses.service.js';

@ApiTags('licenses')
@ApiSecurity('admin_key')
@Requires('licenses')
@Controller('admin/licenses')
export class LicensesController {
  constructor(private readonly licenses: LicensesService) {}

  @Get()
  @AdminLists('listLicenses', LICENSE, { description: '`q` finds a license by its whole key, too.' })
  async list(@Query() query: LicensesQuery) {
    const [rows, total] = await this.licenses.list(query);
    return adminList(rows.map(licenseBody), total, query);
  }

  @Post()
  @AdminAnswers('createLicense', either<unknown>(ISSUED_LICENSE, list(ISSUED_LICENSE)), {
    description:
      'The answer is the only one that holds the keys themselves. With `quantity` it is an array, all made or none.',
  })
  async create(@Body() body: CreateLicense, @CurrentActor() actor: Actor) {
    return adminAnswer(createdBody(body, await this.licenses.create(body, actor)));
  }

  @Get(':id')
  @AdminAnswers('getLicense', LICENSE, {
    description:
      'With its limits, dates and seats; of the key only a hint, for nobody has it after the sale.',
  })
  async get(@Param('id') id: string) {
    return adminAnswer(licenseBody(await this.licenses.get(id)));
  }

  @Patch(':id')
  @AdminAnswers('updateLicense', LICENSE, {
    description:
      'Seats in use go on working when the limit is lowered below them. Another policy brings its rules; what was ' +
      'copied of the old one stays unless it is sent along. A license that goes from one customer to another loses host names ' +
      'and addresses of its seats, the reason of its status, and its metadata unless new ones are sent along.',
    sends: { max_activations: 5, metadata: { order: 1043 } },
  })
  async update(@Param('id') id: string, @Body() body: UpdateLicense, @CurrentActor() actor: Actor) {
    return adminAnswer(licenseBody(await this.licenses.update(id, body, actor)));
  }

  @Delete(':id')
  @AdminAnswers('deleteLicense', null, {
    description: 'For good, with its keys and seats; to refuse a panel and know why, revoke.',
  })
  async remove(@Param('id') id: string, @CurrentActor() actor: Actor) {
    await this.licenses.remove(id, actor);
    return adminAnswer(null);
  }
}
