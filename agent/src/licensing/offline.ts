import * as v from 'valibot';
import { AgentFault } from '../errors.js';
import { readKeySet } from '../server/published-keys.js';
import type { AgentState } from '../state/state.js';
import type { Jwk } from '../trust/jwk.js';
import { UntrustedError } from '../trust/signed.js';
import { allKeys, followKeys } from '../trust/trusted-keys.js';
import { leaseProblem, openLease } from './lease.js';
import { grantedAnswer, type Answered } from './outcome.js';
import { currentVersion, reportHardware, type Panel } from './panel.js';
import { NO_CONTACT, passedTime, serviceTime } from './records.js';

/** What is carried to whoever activates an air-gapped panel; field names as the service takes them. */
export interface OfflineRequest {
  readonly hardware_id: string;
  readonly version: string;
  readonly product: string | null;
  readonly platform: string;
  readonly arch: string;
  readonly hostname: string;
}

const LEASE_FILE = v.object({
  license: v.object({ key: v.pipe(v.string(), v.maxLength(64)) }),
  lease: v.string(),
  jwks: v.unknown(),
});

/** As the admin plane answers it, or as somebody has cut it out of that. */
const ENVELOPED = v.object({ data: LEASE_FILE });

const unacceptable = (why: string, cause?: unknown) =>
  new AgentFault('FILE_UNACCEPTABLE', `This lease file can't be installed: ${why}`, { cause });

/** What this machine asks with. */
export async function offlineRequest(panel: Panel): Promise<OfflineRequest> {
  const state = await panel.folder.read();
  const { hardware, problem } = await reportHardware(panel, state?.license ? state.hardware.recipe : null);
  if (hardware === null) {
    throw new AgentFault('HARDWARE_UNKNOWN', problem ?? 'This machine has no hardware id.');
  }
  const { product, platform, arch, hostname } = panel.settings;
  return {
    hardware_id: hardware.id,
    version: await currentVersion(panel),
    product,
    platform,
    arch,
    hostname,
  };
}

function readFile(text: string): v.InferOutput<typeof LEASE_FILE> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw unacceptable(
      'it is no JSON, or only a part of the file. Carry the whole file that your vendor made.',
      error,
    );
  }
  const file = v.safeParse(
    v.union([
      LEASE_FILE,
      v.pipe(
        ENVELOPED,
        v.transform(({ data }) => data),
      ),
    ]),
    json,
  );
  if (file.success) return file.output;
  throw unacceptable(
    'it is not what your vendor gets for an offline activation ("license", "lease" and "jwks").',
  );
}

/** The keys to believe: as at an activation, but that the file brings them along. */
async function pinsOf(panel: Panel, jwks: unknown): Promise<readonly Jwk[]> {
  const published = readKeySet(jwks) ?? [];
  const { trustedKeys } = panel.settings;
  const pins = trustedKeys.length === 0 ? await allKeys(published) : await followKeys(published, trustedKeys);
  if (pins.length > 0) return pins;
  throw unacceptable(
    published.length === 0
      ? 'there are no signing keys in it.'
      : 'it is signed with keys that the vendor of this panel has not named ("trusted_keys").',
  );
}

/** Installs a lease that was made for this machine elsewhere. The old state stays when it does not fit. */
export function offlineInstall(panel: Panel, text: string): Promise<Answered> {
  return panel.folder.change(
    async (before, save) => {
      const { license, lease: jws, jwks } = readFile(text);
      const pins = await pinsOf(panel, jwks);
      const report = await reportHardware(panel, before?.license ? before.hardware.recipe : null);
      if (report.hardware === null) {
        throw new AgentFault('HARDWARE_UNKNOWN', report.problem ?? 'This machine has no hardware id.');
      }
      const lease = await openLease(jws, pins).catch((error: unknown) => {
        if (error instanceof UntrustedError) throw unacceptable('its lease is not genuine.', error);
        throw error;
      });
      const held = before?.license ?? null;
      const isSame = held?.licenseId === lease.sub && before?.hardware.id === report.hardware.id;
      const problem = leaseProblem(lease, {
        hardwareId: report.hardware.id,
        product: panel.settings.product,
        licenseId: null,
        held: held !== null && isSame ? { leaseId: held.leaseId, seq: held.seq } : null,
      });
      if (isSame && held?.refusal && lease.seq <= held.seq) {
        throw unacceptable(`the license was refused since it was made (${held.refusal.code}).`);
      }
      if (problem !== null)
        throw unacceptable(`${problem}. Ask for one with \`mooring-agent offline-request\`.`);
      const now = panel.clock.now();
      if (serviceTime(now, before?.time).getTime() >= Date.parse(lease.grace_until)) {
        throw unacceptable(`it ended at ${lease.grace_until}. Ask for a new one.`);
      }
      const state: AgentState = {
        format: 1,
        // A machine that never reaches it has no need to name it.
        server: panel.settings.server ?? before?.server ?? lease.iss,
        hardware: report.hardware,
        issuer: lease.iss,
        pins,
        license: {
          key: null,
          maskedKey: license.key,
          licenseId: lease.sub,
          lease: jws,
          leaseId: lease.jti,
          seq: lease.seq,
          refusal: null,
          activatedAt: now.toISOString(),
        },
        contact: NO_CONTACT,
        time: passedTime(now, before?.time ?? { offsetMs: 0, lastSeenAt: now.toISOString() }),
        usage: before?.usage ?? {},
      };
      await save(state);
      return grantedAnswer();
    },
    { evenIfDamaged: true },
  );
}
