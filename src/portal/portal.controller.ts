import { Body, Controller, Delete, Get, Param, Post, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { DOWNLOAD_TOKEN } from '../access/download-answer.js';
import { SessionGuard } from '../access/session.guard.js';
import { AdminAnswers, AdminLists, Answers } from '../http/api-doc.js';
import { adminAnswer, adminList, LIST_META, listMeta } from '../http/pagination.js';
import { always, object } from '../http/shapes.js';
import {
  OWN_LICENSE,
  OWN_LICENSE_WITH_SEATS,
  OWN_SEAT,
  OWN_VERSION,
  ownLicenseBody,
  ownLicenseWithSeatsBody,
  ownSeatBody,
  ownVersionBody,
} from './bodies.js';
import { CurrentPortalUser, CustomerGuard, CUSTOMERS_ONLY, type PortalUser } from './customer.guard.js';
import { HELD_OFFLINE, OwnLicensesService } from './own-licenses.service.js';
import { LICENSE_CHANGED, OwnVersionsService } from './own-versions.service.js';
import { DownloadRequest, OwnLicensesQuery, OwnSeatsQuery, OwnVersionsQuery } from './portal.dto.js';

const NOT_GOOD = ['REVOKED', 'SUSPENDED', 'EXPIRED'] as const;
const STAFF = { 403: [CUSTOMERS_ONLY] };

/** What customers see and do of their own. */
@ApiTags('portal')
@ApiBearerAuth()
@UseGuards(SessionGuard, CustomerGuard)
@Controller('portal/licenses')
export class PortalController {
  constructor(
    private readonly licenses: OwnLicensesService,
    private readonly versions: OwnVersionsService,
  ) {}

  @Get()
  @AdminLists('listOwnLicenses', OWN_LICENSE, {
    description: 'Those of the customer whom the user belongs to.',
    refuses: STAFF,
  })
  async list(@CurrentPortalUser() user: PortalUser, @Query() query: OwnLicensesQuery) {
    const [rows, total] = await this.licenses.list(user, query);
    return adminList(rows.map(ownLicenseBody), total, query);
  }

  @Get(':id')
  @Answers(
    'getOwnLicense',
    { 200: object({ success: always(true), data: OWN_LICENSE_WITH_SEATS, meta: LIST_META }) },
    { description: 'With one page of its seats; `meta` and the query are about these.', refuses: STAFF },
  )
  async get(@CurrentPortalUser() user: PortalUser, @Param('id') id: string, @Query() query: OwnSeatsQuery) {
    const [license, total] = await this.licenses.get(user, id, query);
    return { ...adminAnswer(ownLicenseWithSeatsBody(license)), meta: listMeta(total, query) };
  }

  @Delete(':id/activations/:activation_id')
  @AdminAnswers('releaseOwnActivation', OWN_SEAT, {
    description: 'Frees a seat: its panel is refused from its very next call on.',
    refuses: { ...STAFF, 409: [HELD_OFFLINE] },
  })
  async release(
    @CurrentPortalUser() user: PortalUser,
    @Param('id') id: string,
    @Param('activation_id') activationId: string,
  ) {
    return adminAnswer(ownSeatBody(await this.licenses.release(user, id, activationId)));
  }

  @Get(':id/versions')
  @AdminLists('listOwnVersions', OWN_VERSION, {
    description: 'What the license covers and everybody gets, the newest first, with its files.',
    refuses: STAFF,
    verdicts: NOT_GOOD,
  })
  async listVersions(
    @CurrentPortalUser() user: PortalUser,
    @Param('id') id: string,
    @Query() query: OwnVersionsQuery,
  ) {
    const [versions, total] = await this.versions.list(user, id, query);
    return adminList(versions.map(ownVersionBody), total, query);
  }

  @Post(':id/downloads')
  @AdminAnswers('createOwnDownload', DOWNLOAD_TOKEN, {
    description: 'A token for one file, as for a first install: bound to the license and to no seat.',
    sends: { version: '1.4.2', platform: 'linux', arch: 'x64' },
    refuses: {
      ...STAFF,
      404: ['License not found', 'Version not found', 'Artifact not found'],
      409: [LICENSE_CHANGED],
    },
    verdicts: [...NOT_GOOD, 'UPDATES_EXPIRED'],
  })
  async download(
    @CurrentPortalUser() user: PortalUser,
    @Param('id') id: string,
    @Body() body: DownloadRequest,
  ) {
    return adminAnswer(await this.versions.download(user, id, body));
  }
}
