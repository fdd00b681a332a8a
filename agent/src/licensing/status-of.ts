import type { LeaseClaims } from '../domain/lease.js';
import { decideStanding, type Standing } from '../domain/standing.js';
import type { AgentState } from '../state/state.js';
import { readUsage } from '../state/usage-file.js';
import type { LicenseSummary, Status } from '../status.js';
import { tryOpenLease } from './lease.js';
import { currentVersion, reportHardware, type Panel } from './panel.js';
import { correctionMs, serviceTime } from './records.js';

/** The lapses that the next answer of the service heals. */
const NEEDS_A_CHECK: ReadonlySet<string> = new Set([
  'CLOCK_SET_BACK',
  'LEASE_UNVERIFIED',
  'GRACE',
  'LEASE_ENDED',
  'UNREACHABLE',
]);

/** A status in which there is nothing but a reason. */
export const bareStatus = (standing: Standing, server: string | null): Status => ({
  ...standing,
  warnings: [],
  is_valid: false,
  has_license_file: false,
  needs_refresh: false,
  license: null,
  refresh_after: null,
  valid_until: null,
  grace_until: null,
  last_checked: null,
  hardware_id: null,
  server,
  version: null,
  usage: {},
});

const isoSeconds = (unix: number) => new Date(unix * 1_000).toISOString().replace(/\.\d{3}Z$/, 'Z');

function summary(state: AgentState, lease: LeaseClaims | null): LicenseSummary | null {
  const { license } = state;
  if (license === null) return null;
  return {
    id: license.licenseId,
    key: license.maskedKey,
    product: lease?.product ?? null,
    tier: lease?.tier ?? null,
    limits: lease?.limits ?? {},
    features: lease?.features ?? [],
    expires_at: lease?.license_expires_at ?? null,
    updates_until: lease?.updates_until ?? null,
  };
}

function warningsOf({ contact, time, license }: AgentState, now: Date): string[] {
  const warnings: string[] = [];
  if (contact.failures > 0 && contact.failure !== null) warnings.push(contact.failure);
  const correction = correctionMs(now, time);
  if (correction !== 0) {
    const minutes = Math.round(Math.abs(correction) / 60_000);
    const way = correction > 0 ? 'behind' : 'ahead of';
    warnings.push(
      `The clock of this machine is ${minutes} minutes ${way} the license server's. Set it right.`,
    );
  }
  if (license !== null && license.key === null) {
    warnings.push('The license was installed from a file; a revocation is not noticed before it ends.');
  }
  return warnings;
}

/** The version is told where it is known; a status is no place to fail over it. */
async function knownVersion(panel: Panel): Promise<string | null> {
  try {
    return await currentVersion(panel);
  } catch {
    return null;
  }
}

/** Whether a version lies below the floor; not where either is unknown. */
async function isBelow(version: string | null, floor: string | null): Promise<boolean> {
  if (version === null || floor === null) return false;
  const { default: compare } = await import('semver/functions/compare.js');
  return compare(version, floor) < 0;
}

/** Where the panel stands now. Everything that is told of the license is from a lease that verifies here and now. */
export async function statusOf(panel: Panel, state: AgentState | null): Promise<Status> {
  const license = state?.license ?? null;
  const report = await reportHardware(panel, license === null ? null : (state?.hardware.recipe ?? null));
  const lease = state && license?.lease ? await tryOpenLease(license.lease, state.pins) : null;
  const now = serviceTime(panel.clock.now(), state?.time);
  const version = await knownVersion(panel);
  const standing = decideStanding(
    {
      license: license && {
        lease,
        hasLease: license.lease !== null,
        refusal: license.refusal,
        isBelowFloor: lease !== null && (await isBelow(version, lease.version_floor)),
        seq: license.seq,
      },
      hardwareId: report.hardware?.id ?? null,
      lastTryFailed: (state?.contact.failures ?? 0) > 0,
      lastSeen: state === null ? 0 : Date.parse(state.time.lastSeenAt),
    },
    now.getTime(),
  );
  const bare = bareStatus(standing, panel.settings.server ?? state?.server ?? null);
  const known = { hardware_id: report.hardware?.id ?? null, version };
  if (state === null) return { ...bare, ...known };
  return {
    ...bare,
    ...known,
    message:
      standing.code === 'HARDWARE_CHANGED' && report.problem !== null ? report.problem : standing.message,
    warnings: warningsOf(state, panel.clock.now()),
    is_valid: standing.state !== 'unlicensed',
    has_license_file: license !== null && license.lease !== null,
    needs_refresh:
      NEEDS_A_CHECK.has(standing.code) ||
      (lease !== null && now.getTime() >= Date.parse(lease.refresh_after)),
    license: summary(state, lease),
    refresh_after: lease?.refresh_after ?? null,
    valid_until: lease && isoSeconds(lease.exp),
    grace_until: lease?.grace_until ?? null,
    last_checked: state.contact.answeredAt,
    usage: await readUsage(panel.folder.dir),
  };
}
