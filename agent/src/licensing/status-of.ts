import type { LeaseClaims } from '../domain/lease.js';
import { decideStanding, LAPSES, type Standing } from '../domain/standing.js';
import type { AgentState } from '../state/state.js';
import type { LicenseSummary, Status } from '../status.js';
import { tryOpenLease } from './lease.js';
import { currentVersion, reportHardware, type Panel } from './panel.js';
import { serviceTime } from './records.js';

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

function warningsOf({ contact, time, license }: AgentState): string[] {
  const warnings: string[] = [];
  if (contact.failures > 0 && contact.failure !== null) warnings.push(contact.failure);
  if (time.offsetMs !== 0) {
    const minutes = Math.round(Math.abs(time.offsetMs) / 60_000);
    const way = time.offsetMs > 0 ? 'behind' : 'ahead of';
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

/** Where the panel stands now. Everything that is told of the license is from a lease that verifies here and now. */
export async function statusOf(panel: Panel, state: AgentState | null): Promise<Status> {
  const license = state?.license ?? null;
  const report = await reportHardware(panel, license === null ? null : (state?.hardware.recipe ?? null));
  const lease = state && license?.lease ? await tryOpenLease(license.lease, state.pins) : null;
  const now = serviceTime(panel.clock.now(), state?.time);
  const standing = decideStanding(
    {
      license: license && {
        lease,
        hasLease: license.lease !== null,
        refusal: license.refusal,
        seq: license.seq,
      },
      hardwareId: report.hardware?.id ?? null,
      lastTryFailed: (state?.contact.failures ?? 0) > 0,
      lastSeen: state === null ? 0 : Date.parse(state.time.lastSeenAt),
    },
    now.getTime(),
  );
  const bare = bareStatus(standing, panel.settings.server ?? state?.server ?? null);
  const known = { hardware_id: report.hardware?.id ?? null, version: await knownVersion(panel) };
  if (state === null) return { ...bare, ...known };
  return {
    ...bare,
    ...known,
    message:
      standing.message === LAPSES.HARDWARE_CHANGED && report.problem !== null
        ? report.problem
        : standing.message,
    warnings: warningsOf(state),
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
    usage: state.usage,
  };
}
