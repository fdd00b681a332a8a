import { Activation } from './entities/index.js';
import { listPage, type ListManager, type PageRequest } from './list.js';
import type { Run, Statement } from './statements.js';

/** The names that seats can be sorted by. */
export const SEATS_SORTED = {
  created_at: 'seat.activatedAt',
  activated_at: 'seat.activatedAt',
  last_seen_at: 'seat.lastSeenAt',
  hostname: 'seat.hostname',
} as const;

export interface SeatFilters {
  /** Seats that were given back, too. */
  readonly released: boolean;
  readonly hardwareId?: string;
  readonly version?: string;
}

/** One page of the seats of a license, and how many there are in all. */
export function listSeats(
  manager: ListManager,
  licenseId: string,
  request: PageRequest,
  { released, hardwareId, version }: SeatFilters,
): Promise<[Activation[], number]> {
  const builder = manager.createQueryBuilder(Activation, 'seat').where({ licenseId });
  if (!released) builder.andWhere('seat.releasedAt is null');
  return listPage(builder, request, {
    searched: ['seat.hardwareId', 'seat.hostname'],
    sorted: SEATS_SORTED,
    filtered: { 'seat.hardwareId': hardwareId, 'seat.version': version },
  });
}

const USAGE: Statement = {
  name: 'usage-of-license',
  text: `select name, sum(value::numeric)::float8 as total
    from activations, jsonb_each_text(usage) as counter (name, value)
    where license_id = $1 and released_at is null group by name order by name`,
};

/** What the active seats of a license report together, counter by counter. */
export async function loadUsage(run: Run, licenseId: string): Promise<Record<string, number>> {
  const { rows } = await run<{ name: string; total: number }>(USAGE, [licenseId]);
  return Object.fromEntries(rows.map(({ name, total }) => [name, total]));
}
