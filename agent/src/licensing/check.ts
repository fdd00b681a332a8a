import { AgentFault } from '../errors.js';
import { UnreachableError } from '../server/unreachable.js';
import { readUsage } from '../state/usage-file.js';
import type { Save } from '../state/state-folder.js';
import type { AgentState, StoredLicense } from '../state/state.js';
import { ask, type Believed } from './ask.js';
import { acceptLease, tryOpenLease } from './lease.js';
import { nothingActivated } from './nothing-activated.js';
import { grantedAnswer, refusedAnswer, unreachableAnswer, type Answered } from './outcome.js';
import { licenseRequest, sameHardware, serverOf, type Panel } from './panel.js';
import { afterFailure, answered, grantedLicense, refusedLicense, toldTime } from './records.js';
import { followPublished, withTrust, type Trust } from './trust.js';

/** Panels look at the published keys as often as they phone home, so that a key that was taken out is dropped. */
const KEYS_LAST_MS = 86_400_000;

/** A license with its key, which can be asked for. */
type AskedLicense = StoredLicense & { readonly key: string };

/** The phone-home: the service's verdict on the license that is held. @throws AgentFault where it can't even be asked */
export function check(panel: Panel): Promise<Answered> {
  return panel.folder.change(async (state, save) => {
    const license = state?.license ?? null;
    if (state === null || license === null) throw nothingActivated();
    const { key } = license;
    if (key === null) {
      return unreachableAnswer(
        new UnreachableError(
          'The license was installed from a file, so there is nothing to ask the license server; for more time, install a new file',
        ),
      );
    }
    try {
      const { next, result } = await look(panel, state, { ...license, key });
      return await kept(panel, next, result, save);
    } catch (error) {
      if (error instanceof AgentFault && error.code === 'USAGE') await save(asFailure(panel, state, error));
      throw error;
    }
  });
}

/** A proved refusal counts also where it can't be written down: this process at least remembers it. */
async function kept(panel: Panel, next: AgentState, result: Answered, save: Save): Promise<Answered> {
  try {
    await save(next);
    panel.unsaved.license = null;
    return result;
  } catch (error) {
    if (!(error instanceof AgentFault) || !next.license?.refusal) throw error;
    panel.unsaved.license = next.license;
    return { ...result, problem: `${result.problem} ${error.message}` };
  }
}

/** A wrong setting keeps a panel from phoning home like a broken line does; its status must say which of them it is. */
const asFailure = (panel: Panel, state: AgentState, fault: AgentFault): AgentState =>
  afterFailure(state, panel.clock.now(), new UnreachableError(fault.message.replace(/\.$/, '')));

/** The service would refuse the key for good; and it is the setting that is wrong. */
async function assertProduct({ settings }: Panel, { license, pins }: AgentState): Promise<void> {
  const lease = license?.lease ? await tryOpenLease(license.lease, pins) : null;
  if (lease === null || settings.product === null || lease.product === settings.product) return;
  throw new AgentFault(
    'USAGE',
    `The license of this machine is for the product ${lease.product}, and the setting "product" says ${settings.product}. Mend the setting, or activate a license of that product.`,
  );
}

async function look(panel: Panel, state: AgentState, license: AskedLicense) {
  const server = serverOf(panel, state);
  const hardware = await sameHardware(panel, state);
  await assertProduct(panel, state);
  const usage = await readUsage(panel.folder.dir);
  // Whether a lost answer began the chain of leases anew is not known: then it is begun once more.
  const action = license.mustActivate ? 'activate' : 'validate';
  const request = await licenseRequest(panel, license.key, hardware, {
    ...(license.leaseId !== null && action === 'validate' && { lease_id: license.leaseId }),
    ...(Object.keys(usage).length > 0 && { usage }),
  });
  const now = panel.clock.now();
  const trust = { pins: state.pins, keysAt: state.contact.keysAt };
  try {
    const believed = await ask(server, action, request, { trust, now });
    const judged = await keep(panel, server, state, license, believed);
    return believed.answer.code === 'VALID'
      ? { next: await followed(panel, server, judged), result: grantedAnswer() }
      : { next: judged, result: refusedAnswer(believed.answer) };
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    return { next: afterFailure(state, panel.clock.now(), error), result: unreachableAnswer(error) };
  }
}

/** The state with the verdict in it. @throws UnreachableError when the lease in it is not this panel's */
async function keep(
  panel: Panel,
  server: string,
  state: AgentState,
  license: AskedLicense,
  { answer, trust }: Believed,
): Promise<AgentState> {
  const now = panel.clock.now();
  const judged =
    answer.code === 'VALID'
      ? await granted(panel, server, state, license, { answer, trust })
      : { license: refusedLicense(license, answer), trust };
  return {
    ...state,
    server,
    issuer: answer.claims.iss,
    pins: judged.trust.pins,
    license: judged.license,
    contact: answered(now, judged.trust.keysAt, answer.claims.version),
    time: toldTime(now, answer),
  };
}

async function granted(
  panel: Panel,
  server: string,
  state: AgentState,
  license: AskedLicense,
  { answer, trust }: Believed,
) {
  const expected = {
    hardwareId: state.hardware.id,
    product: panel.settings.product,
    licenseId: answer.claims.sub ?? null,
    held: { leaseId: license.leaseId, seq: license.seq },
  };
  const opened = await withTrust(server, trust, panel.clock.now(), (pins) =>
    acceptLease(answer.lease, pins, expected),
  );
  return {
    license: grantedLicense(license.key, answer, opened.value, license.activatedAt),
    trust: opened.trust,
  };
}

/** Once a day the pinned keys are brought up to date. That this fails is no matter: the verdict has been believed. */
async function followed(panel: Panel, server: string, state: AgentState): Promise<AgentState> {
  const now = panel.clock.now();
  const { keysAt } = state.contact;
  if (keysAt !== null && Math.abs(now.getTime() - Date.parse(keysAt)) < KEYS_LAST_MS) return state;
  try {
    const trust: Trust = await followPublished(server, { pins: state.pins, keysAt }, now);
    return { ...state, pins: trust.pins, contact: { ...state.contact, keysAt: trust.keysAt } };
  } catch (error) {
    if (error instanceof UnreachableError) return state;
    throw error;
  }
}
