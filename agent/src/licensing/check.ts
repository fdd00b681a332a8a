import { AgentFault } from '../errors.js';
import { UnreachableError } from '../server/unreachable.js';
import type { AgentState, StoredLicense } from '../state/state.js';
import { ask, type Believed } from './ask.js';
import { acceptLease } from './lease.js';
import { grantedAnswer, refusedAnswer, unreachableAnswer, type Answered } from './outcome.js';
import { licenseRequest, sameHardware, serverOf, type Panel } from './panel.js';
import { afterFailure, answered, grantedLicense, refusedLicense, toldTime } from './records.js';
import { followPublished, withTrust, type Trust } from './trust.js';

/** Panels look at the published keys as often as they phone home, so that a key that was taken out is dropped. */
const KEYS_LAST_MS = 86_400_000;

/** A license with its key, which can be asked for. */
type AskedLicense = StoredLicense & { readonly key: string };

export const NOTHING_ACTIVATED = new AgentFault(
  'NOT_ACTIVATED',
  'No license is activated on this machine. Run `mooring-agent activate KEY`.',
);

/** The phone-home: the service's verdict on the license that is held. @throws AgentFault where it can't even be asked */
export function check(panel: Panel): Promise<Answered> {
  return panel.folder.change(async (state, save) => {
    const license = state?.license ?? null;
    if (state === null || license === null) throw NOTHING_ACTIVATED;
    const { key } = license;
    if (key === null) {
      return unreachableAnswer(
        new UnreachableError(
          'The license was installed from a file, so there is nothing to ask the license server; for more time, install a new file',
        ),
      );
    }
    const { next, result } = await look(panel, state, { ...license, key });
    await save(next);
    return result;
  });
}

async function look(panel: Panel, state: AgentState, license: AskedLicense) {
  const server = serverOf(panel, state);
  const hardware = await sameHardware(panel, state);
  const request = await licenseRequest(panel, license.key, hardware, {
    ...(license.leaseId !== null && { lease_id: license.leaseId }),
    ...(Object.keys(state.usage).length > 0 && { usage: state.usage }),
  });
  const now = panel.clock.now();
  const trust = { pins: state.pins, keysAt: state.contact.keysAt };
  try {
    const believed = await ask(server, 'validate', request, { trust, now });
    const kept = await keep(panel, { ...state, server }, license, believed);
    return believed.answer.code === 'VALID'
      ? { next: await followed(panel, kept), result: grantedAnswer() }
      : { next: kept, result: refusedAnswer(believed.answer) };
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    return { next: afterFailure(state, panel.clock.now(), error), result: unreachableAnswer(error) };
  }
}

/** The state with the verdict in it. @throws UnreachableError when the lease in it is not this panel's */
async function keep(
  panel: Panel,
  state: AgentState,
  license: AskedLicense,
  { answer, trust }: Believed,
): Promise<AgentState> {
  const now = panel.clock.now();
  const judged =
    answer.code === 'VALID'
      ? await granted(panel, state, license, { answer, trust })
      : { license: refusedLicense(license, answer, now), trust };
  return {
    ...state,
    issuer: answer.claims.iss,
    pins: judged.trust.pins,
    license: judged.license,
    contact: answered(now, judged.trust.keysAt),
    time: toldTime(now, answer),
  };
}

async function granted(panel: Panel, state: AgentState, license: AskedLicense, { answer, trust }: Believed) {
  const expected = {
    hardwareId: state.hardware.id,
    product: panel.settings.product,
    licenseId: answer.claims.sub ?? null,
    held: { leaseId: license.leaseId, seq: license.seq },
  };
  const opened = await withTrust(state.server, trust, panel.clock.now(), (pins) =>
    acceptLease(answer.lease, pins, expected),
  );
  return {
    license: grantedLicense(license.key, answer, opened.value, license.activatedAt),
    trust: opened.trust,
  };
}

/** Once a day the pinned keys are brought up to date. That this fails is no matter: the verdict has been believed. */
async function followed(panel: Panel, state: AgentState): Promise<AgentState> {
  const now = panel.clock.now();
  const { keysAt } = state.contact;
  if (keysAt !== null && Math.abs(now.getTime() - Date.parse(keysAt)) < KEYS_LAST_MS) return state;
  try {
    const trust: Trust = await followPublished(state.server, { pins: state.pins, keysAt }, now);
    return { ...state, pins: trust.pins, contact: { ...state.contact, keysAt: trust.keysAt } };
  } catch (error) {
    if (error instanceof UnreachableError) return state;
    throw error;
  }
}
