import type { LicenseAction, LicenseRequest } from '../server/proven-answer.js';
import type { Hardware } from '../hardware/hardware.js';
import type { AgentState } from '../state/state.js';
import { ask, type Believed } from './ask.js';
import { acceptLease } from './lease.js';
import type { Panel } from './panel.js';
import { answered, grantedLicense, toldTime } from './records.js';
import { withTrust, type Trust } from './trust.js';

/** What an activation or a move came to: a whole new state, or a refusal that is proved. */
export type Taken =
  | { readonly granted: true; readonly state: AgentState }
  | { readonly granted: false; readonly believed: Believed };

export interface SeatCall {
  readonly server: string;
  readonly action: Extract<LicenseAction, 'activate' | 'rebind'>;
  readonly request: LicenseRequest;
  readonly hardware: Hardware;
  readonly trust: Trust;
  readonly before: AgentState | null;
}

/** Asks for a seat on this hardware and makes the state of it. @throws UnreachableError */
export async function takeSeat(panel: Panel, call: SeatCall): Promise<Taken> {
  const { server, action, request, hardware, before } = call;
  const now = panel.clock.now();
  const believed = await ask(server, action, request, { trust: call.trust, now });
  const { answer } = believed;
  if (answer.code !== 'VALID') return { granted: false, believed };
  const expected = {
    hardwareId: hardware.id,
    product: panel.settings.product,
    licenseId: answer.claims.sub ?? null,
    held: heldOf(before, hardware, answer.claims.sub),
  };
  const { value: lease, trust } = await withTrust(server, believed.trust, now, (pins) =>
    acceptLease(answer.lease, pins, expected),
  );
  const told = panel.clock.now();
  return {
    granted: true,
    state: {
      format: 1,
      server,
      hardware,
      issuer: answer.claims.iss,
      pins: trust.pins,
      license: grantedLicense(request.license_key, answer, lease, told.toISOString()),
      contact: answered(told, trust.keysAt, request.version),
      time: toldTime(told, answer),
    },
  };
}

/** A sequence counts for one license on one hardware only; whose the stored one was is known from its own lease id. */
function heldOf(before: AgentState | null, hardware: Hardware, licenseId: string | undefined) {
  const license = before?.license ?? null;
  if (license === null || before?.hardware.id !== hardware.id || license.licenseId !== licenseId) return null;
  return { leaseId: license.leaseId, seq: license.seq };
}
