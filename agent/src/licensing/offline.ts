import * as v from 'valibot';
import type { LeaseClaims } from '../domain/lease.js';
import { AgentFault } from '../errors.js';
import type { Hardware } from '../hardware/hardware.js';
import { readKeySet } from '../server/published-keys.js';
import { readWhole } from '../state/read-whole.js';
import type { AgentState, SeenTime, StoredRefusal } from '../state/state.js';
import type { Jwk } from '../trust/jwk.js';
import { UntrustedError } from '../trust/signed.js';
import { allKeys, followKeys } from '../trust/trusted-keys.js';
import { leaseProblem, openLease } from './lease.js';
import { grantedAnswer, type Answered } from './outcome.js';
import { currentVersion, hardwareIn, reportHardware, type Panel } from './panel.js';
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
  license: v.object({ key: v.pipe(v.string(), v.regex(/^[^\p{C}]{1,64}$/u)) }),
  lease: v.string(),
  jwks: v.unknown(),
});

/** As the admin plane answers it, or as somebody has cut it out of that. */
const ENVELOPED = v.object({ data: LEASE_FILE });

const unacceptable = (why: string, cause?: unknown) =>
  new AgentFault('FILE_UNACCEPTABLE', `This lease file can't be installed: ${why}`, { cause });

/** This machine, by the recipe of the license that it holds. */
const hardwareHere = async (panel: Panel, state: AgentState | null): Promise<Hardware> =>
  hardwareIn(await reportHardware(panel, state?.license ? state.hardware.recipe : null));

/** What this machine asks with. */
export async function offlineRequest(panel: Panel): Promise<OfflineRequest> {
  const state = await readWhole(panel.folder);
  const hardware = await hardwareHere(panel, state);
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

/**
 * The keys to believe: those that the vendor has named or, on a machine that holds a license, those that follow from the
 * pinned ones. Anybody can make a file with keys of their own, so only a first one brings along what is believed.
 */
async function pinsOf(panel: Panel, before: AgentState | null, jwks: unknown): Promise<readonly Jwk[]> {
  const published = readKeySet(jwks) ?? [];
  if (published.length === 0) throw unacceptable('there are no signing keys in it.');
  const { trustedKeys } = panel.settings;
  const isNamed = trustedKeys.length > 0;
  if (!isNamed && !before?.license) return allKeys(published);
  const trusted = isNamed ? trustedKeys : (before?.pins.map(({ kid }) => kid) ?? []);
  const pins = await followKeys(published, trusted);
  if (pins.length > 0) return pins;
  throw unacceptable(
    isNamed
      ? 'it is signed with keys that the vendor of this panel has not named ("trusted_keys").'
      : 'it is signed with keys that have nothing to do with those of the license that is held. If your vendor confirms it, name the ids of these keys as "trusted_keys".',
  );
}

const isOlder = ({ iat }: LeaseClaims, { at }: StoredRefusal): boolean => iat * 1_000 <= Date.parse(at);

/** A lease that was not held before witnesses the time of its making; what this machine believed until then is of no matter. */
const witnessed = (now: Date, { iat }: LeaseClaims): SeenTime => ({
  offsetMs: 0,
  lastSeenAt: new Date(Math.max(now.getTime(), iat * 1_000)).toISOString(),
});

/** Installs a lease that was made for this machine elsewhere. The old state stays when it does not fit. */
export function offlineInstall(panel: Panel, text: string): Promise<Answered> {
  return panel.folder.change(
    async (before, save) => {
      const { license, lease: jws, jwks } = readFile(text);
      const pins = await pinsOf(panel, before, jwks);
      const hardware = await hardwareHere(panel, before);
      const lease = await openLease(jws, pins).catch((error: unknown) => {
        if (error instanceof UntrustedError) throw unacceptable('its lease is not genuine.', error);
        throw error;
      });
      const held = before?.license ?? null;
      const isSame = held?.licenseId === lease.sub && before?.hardware.id === hardware.id;
      const problem = leaseProblem(lease, {
        hardwareId: hardware.id,
        product: panel.settings.product,
        licenseId: null,
        held: held !== null && isSame ? { leaseId: held.leaseId, seq: held.seq } : null,
      });
      const refused = held?.refusal ?? panel.unsaved.license?.refusal ?? null;
      if (refused !== null && held?.licenseId === lease.sub && isOlder(lease, refused)) {
        throw unacceptable(`the license was refused since it was made (${refused.code}).`);
      }
      if (problem !== null)
        throw unacceptable(`${problem}. Ask for one with \`mooring-agent offline-request\`.`);
      const now = panel.clock.now();
      const isNews = held === null || !isSame || lease.seq > held.seq;
      const time = isNews || before === null ? witnessed(now, lease) : passedTime(now, before.time);
      if (serviceTime(now, time).getTime() >= Date.parse(lease.grace_until)) {
        throw unacceptable(`it ended at ${lease.grace_until}. Ask for a new one.`);
      }
      const state: AgentState = {
        format: 1,
        server: panel.settings.server ?? before?.server ?? null,
        hardware,
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
          mustActivate: false,
          activatedAt: now.toISOString(),
        },
        contact: NO_CONTACT,
        time,
      };
      await save(state);
      return grantedAnswer();
    },
    { evenIfDamaged: true },
  );
}
