import { Controller, Get, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../http/access.js';
import { AdminAnswers, AdminLists } from '../../http/api-doc.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { FieldService } from './field.service.js';
import {
  CLONE_SUSPECT,
  cloneBody,
  EXPIRING_LICENSE,
  expiringBody,
  OVERVIEW,
  REFUSALS,
  SEATS,
  VALIDATIONS,
  VERSION_IN_FIELD,
  versionBody,
} from './stats-body.js';
import {
  ClonesQuery,
  DaysQuery,
  ExpiringQuery,
  FieldQuery,
  OverviewQuery,
  RefusalsQuery,
  ValidationsQuery,
} from './stats.dto.js';
import { StatsService } from './stats.service.js';

const COUNTED = 'Counted within some seconds of the call.';

@ApiTags('stats')
@ApiSecurity('admin_key')
@Requires('stats')
@Controller('admin/stats')
export class StatsController {
  constructor(
    private readonly stats: StatsService,
    private readonly field: FieldService,
  ) {}

  @Get()
  @AdminAnswers('getStats', OVERVIEW, {
    description: `How things stood at \`at\`, which is at most five seconds ago; licenses and seats at \`counted_at\`.`,
  })
  async overview(@Query() query: OverviewQuery) {
    return adminAnswer(await this.stats.overview(query));
  }

  @Get('validations')
  @AdminAnswers('getValidationStats', VALIDATIONS, {
    description: `Phone-homes a day, or other calls. ${COUNTED}`,
  })
  async validations(@Query() query: ValidationsQuery) {
    return adminAnswer(await this.stats.validations(query));
  }

  @Get('refusals')
  @AdminAnswers('getRefusalStats', REFUSALS, {
    description: `Refusals a day, by code. Unknown keys are of no product. ${COUNTED}`,
  })
  async refusals(@Query() query: RefusalsQuery) {
    return adminAnswer(await this.stats.refusals(query));
  }

  @Get('seats')
  @AdminAnswers('getSeatStats', SEATS, {
    description: 'Licenses and seats in use a day, those of today at `counted_at`.',
  })
  async seats(@Query() query: DaysQuery) {
    return adminAnswer(await this.stats.seats(query));
  }

  @Get('versions')
  @AdminLists('listVersionsInField', VERSION_IN_FIELD, {
    description: 'What the seats in use run, at `counted_at`.',
  })
  async versions(@Query() query: FieldQuery) {
    const { rows, total, countedAt } = await this.field.versions(query);
    return adminList(
      rows.map((row) => versionBody(row, countedAt)),
      total,
      query,
    );
  }

  @Get('expiring')
  @AdminLists('listExpiringLicenses', EXPIRING_LICENSE, {
    description: 'Active licenses that end soon, the next first.',
  })
  async expiring(@Query() query: ExpiringQuery) {
    const [rows, total] = await this.field.expiring(query);
    return adminList(rows.map(expiringBody), total, query);
  }

  @Get('clones')
  @AdminLists('listCloneSuspects', CLONE_SUSPECT, {
    description: 'Seats in use that two machines seem to share, the latest first.',
  })
  async clones(@Query() query: ClonesQuery) {
    const [rows, total] = await this.field.clones(query);
    return adminList(rows.map(cloneBody), total, query);
  }
}
