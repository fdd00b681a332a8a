import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock.js';
import {
  loadFigures,
  loadKeptFigures,
  loadLicenseDays,
  type LicenseFigures,
} from '../../database/license-days.js';
import { ReadReplica } from '../../database/read-replica.js';
import { countAttention } from '../../database/seats-in-the-field.js';
import type { ListRun } from '../../database/statements.js';
import { loadVerdictCounts, type CountsQuery } from '../../database/verdict-counts.js';
import { daySpan, dayOf, MOST_DAYS, type DaySpan } from '../../domain/days.js';
import { answered, byDay, refusals, type CodeOfDay } from '../../domain/stats.js';
import { fieldErrors } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import { keptSince } from './kept-figures.js';
import { Recent } from './recent.js';
import {
  figuresBody,
  productFiguresBody,
  type OVERVIEW,
  type REFUSALS,
  type SEATS,
  type VALIDATIONS,
} from './stats-body.js';
import type { DaysQuery, OverviewQuery, RefusalsQuery, ValidationsQuery } from './stats.dto.js';
import type { Wire } from '../../http/shapes.js';

type Overview = Wire<typeof OVERVIEW>;

const DAY_MS = 86_400_000;
const AHEAD_DAYS = 30;
const NONE: LicenseFigures = { licenses: 0, activeLicenses: 0, seats: 0 };
const NOBODY_LOOKED = { licenses: null, active_licenses: null, seats: null };

const sum = (figures: readonly LicenseFigures[]): LicenseFigures =>
  figures.reduce<LicenseFigures>(
    (total, each) => ({
      licenses: total.licenses + each.licenses,
      activeLicenses: total.activeLicenses + each.activeLicenses,
      seats: total.seats + each.seats,
    }),
    NONE,
  );

/** @throws 422 for a span that is reversed or too long */
function spanOf({ from, to }: DaysQuery, now: Date): DaySpan {
  const span = daySpan({ ...(from !== undefined && { from }), ...(to !== undefined && { to }) }, dayOf(now));
  if (span === 'order') throw fieldErrors({ to: [sentence('dayOrder', 'to')] });
  if (span === 'length') throw fieldErrors({ to: [sentence('daySpan', 'to', { max: MOST_DAYS - 1 })] });
  return span;
}

/** The figures of the moment, or the last ones where there are too many licenses and seats to count them for each that asks. */
async function figuresNow(run: ListRun, now: Date, product: string | undefined) {
  const kept = await keptSince(run);
  const figures =
    kept === null ? await loadFigures(run, now, product) : await loadKeptFigures(run, dayOf(kept), product);
  return { countedAt: kept ?? now, figures };
}

async function look(run: ListRun, now: Date, product: string | undefined): Promise<Overview> {
  const today = dayOf(now);
  const from = dayOf(new Date(now.getTime() - 6 * DAY_MS));
  const until = new Date(now.getTime() + AHEAD_DAYS * DAY_MS);
  const { countedAt, figures } = await figuresNow(run, now, product);
  const week = await loadVerdictCounts(run, { from, to: today, product, action: 'validate' });
  const refusedToday = await loadVerdictCounts(run, { from: today, to: today, product });
  const attention = await countAttention(run, now, until, product);
  return {
    at: now,
    counted_at: countedAt,
    ...figuresBody(sum(figures)),
    products: figures.map(productFiguresBody),
    validations: { today: answered(week.filter(({ day }) => day === today)), last_7_days: answered(week) },
    refusals_today: refusals(refusedToday).codes,
    expiring_in_30_days: attention.expiring,
    clone_suspects: attention.clones,
  };
}

/** What was counted, day by day, and what there is now. */
@Injectable()
export class StatsService {
  /** It adds up all licenses, on the connections that panels are answered by. */
  private readonly overviews = new Recent<Overview>();

  constructor(
    private readonly replica: ReadReplica,
    private readonly clock: Clock,
  ) {}

  /** A few seconds old at most. */
  overview({ product }: OverviewQuery): Promise<Overview> {
    const now = this.clock.now();
    return this.overviews.get(product ?? '', now, () =>
      this.replica.read(({ run }) => look(run, now, product)),
    );
  }

  async validations({ action, product, ...days }: ValidationsQuery): Promise<Wire<typeof VALIDATIONS>> {
    const span = spanOf(days, this.clock.now());
    const counts = await this.counts({ ...span, product, action });
    return {
      ...span,
      ...answered(counts),
      days: byDay(span, counts, (ofDay, day) => ({ day, ...answered(ofDay) })),
    };
  }

  async refusals({ action, product, ...days }: RefusalsQuery): Promise<Wire<typeof REFUSALS>> {
    const span = spanOf(days, this.clock.now());
    const counts = await this.counts({ ...span, product, action });
    return {
      ...span,
      ...refusals(counts),
      days: byDay(span, counts, (ofDay, day) => ({ day, ...refusals(ofDay) })),
    };
  }

  /** Earlier days as they were written down, today as it is. */
  async seats({ product, ...days }: DaysQuery): Promise<Wire<typeof SEATS>> {
    const now = this.clock.now();
    const today = dayOf(now);
    const span = spanOf(days, now);
    const isNow = span.from <= today && today <= span.to;
    const [saved, current] = await this.replica.read(async ({ run }) => [
      await loadLicenseDays(run, span, product),
      isNow ? await figuresNow(run, now, product) : null,
    ]);
    return {
      ...span,
      counted_at: current && current.countedAt,
      days: byDay(span, saved, ([first], day) => {
        const figures = day === today && current !== null ? sum(current.figures) : first;
        return { day, ...(figures === undefined ? NOBODY_LOOKED : figuresBody(figures)) };
      }),
    };
  }

  private counts(query: CountsQuery): Promise<CodeOfDay[]> {
    return this.replica.read(({ run }) => loadVerdictCounts(run, query));
  }
}
