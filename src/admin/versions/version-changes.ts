import type { Release } from '../../database/entities/index.js';
import { compareVersions } from '../../domain/version.js';
import { conflict, fieldErrors } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import type { UpdateVersion } from './versions.dto.js';

type Field = keyof UpdateVersion;

interface Rule {
  readonly column: keyof Release;
  /** The statuses in which it may change. */
  readonly in: readonly Release['status'][];
}

/**
 * What may change when. Panels have acted upon what a published version said, so whether a license covers it and which
 * channel sees it stay as they were. Its rollout goes both ways: a bad release is held back from those who have not got
 * it yet, and kept for those who have. A yanked one is history, to which only a note may be added.
 */
const RULES = {
  channel: { column: 'channel', in: ['draft'] },
  released_at: { column: 'releasedAt', in: ['draft'] },
  minimum_upgrade_version: { column: 'minimumUpgradeVersion', in: ['draft', 'published'] },
  mandatory: { column: 'mandatory', in: ['draft', 'published'] },
  security: { column: 'security', in: ['draft', 'published'] },
  rollout_percent: { column: 'rolloutPercent', in: ['draft', 'published'] },
  changelog: { column: 'changelog', in: ['draft', 'published', 'yanked'] },
} as const satisfies Record<Field, Rule>;

const FIELDS = Object.keys(RULES) as Field[];

const plain = (value: unknown) => (value instanceof Date ? value.getTime() : value);

/** A minimum above the version itself would make it one that nobody can upgrade to. @throws FieldErrors 422 */
export function refuseUnreachable(version: string, minimum: string | null | undefined): void {
  if (!minimum || compareVersions(minimum, version) <= 0) return;
  const field = 'minimum_upgrade_version';
  throw fieldErrors({ [field]: [sentence('selected', field)] });
}

/**
 * The columns that a request changes: what it names and what differs.
 * @throws ApiError 409 for what may not change in this status, 422 for an unreachable minimum
 */
export function changesTo(release: Release, body: UpdateVersion): Partial<Release> {
  refuseUnreachable(release.version, body.minimum_upgrade_version);
  const changed = FIELDS.filter(
    (field) => body[field] !== undefined && plain(body[field]) !== plain(release[RULES[field].column]),
  );
  const fixed = changed.find((field) => {
    const rule: Rule = RULES[field];
    return !rule.in.includes(release.status);
  });
  if (fixed !== undefined) {
    throw conflict(`The ${fixed.replaceAll('_', ' ')} of a ${release.status} version can't be changed`);
  }
  return Object.fromEntries(changed.map((field) => [RULES[field].column, body[field]]));
}
