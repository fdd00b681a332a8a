import { CLONES_SORTED, FIELD_SORTED } from '../../database/seats-in-the-field.js';
import { RULES_OF, type LicenseAction } from '../../domain/verdicts.js';
import { ChoiceField, DayField, IntegerField, Text } from '../../http/fields.js';
import { sortedQuery } from '../../http/pagination.js';

const PRODUCT = { description: 'The code of a product; all of them unless given.', example: 'panel' };
const MOST_DAYS_AHEAD = 366;

export class OverviewQuery {
  @Text(PRODUCT)
  product?: string;
}

/** Days in UTC, both included. */
export class DaysQuery {
  @DayField({ description: 'The first day; 29 days before the last unless given.', example: '2026-03-01' })
  from?: string;

  @DayField({ description: 'The last day; today unless given.', example: '2026-03-02' })
  to?: string;

  @Text(PRODUCT)
  product?: string;
}

export class ValidationsQuery extends DaysQuery {
  @ChoiceField(Object.keys(RULES_OF), {
    default: 'validate',
    description: '`update` is check-update and token, `install` a token for a panel that is not there yet.',
  })
  action: LicenseAction;
}

export class RefusalsQuery extends DaysQuery {
  @ChoiceField(Object.keys(RULES_OF), { description: 'All of them unless given.' })
  action?: LicenseAction;
}

export class FieldQuery extends sortedQuery(Object.keys(FIELD_SORTED), '-seats') {
  @Text(PRODUCT)
  product?: string;
}

export class ExpiringQuery extends sortedQuery(['expires_at', 'created_at'], 'expires_at') {
  @IntegerField({ min: 1, max: MOST_DAYS_AHEAD, default: 30, description: 'How far ahead.' })
  days: number;

  @Text(PRODUCT)
  product?: string;
}

export class ClonesQuery extends sortedQuery(Object.keys(CLONES_SORTED), '-clone_suspected_at') {
  @Text(PRODUCT)
  product?: string;
}
