import { AgentFault } from '../errors.js';
import { askLink, askUpdate, type DownloadLink, type DownloadRequest } from '../server/downloads.js';
import { UnreachableError } from '../server/unreachable.js';
import type { AgentState } from '../state/state.js';
import { ARTIFACT_CLAIMS, parseClaims } from '../trust/claims.js';
import { openSigned } from '../trust/signed.js';
import type { UpdateOffer } from '../updates/offer.js';
import type { VerifiedDownload } from '../updates/verified-download.js';
import { tryOpenLease } from './lease.js';
import { currentVersion, sameHardware, serverOf, type Panel } from './panel.js';
import { nothingActivated } from './nothing-activated.js';
import { withTrust, type Trust } from './trust.js';

/** A name that stays in its folder and is no option of a command. */
const PLAIN_NAME = /^[^./\\\p{Cc}-][^/\\\p{Cc}]{0,199}$/u;

interface Asking {
  readonly server: string;
  readonly state: AgentState;
  readonly request: DownloadRequest;
}

async function asking(panel: Panel): Promise<Asking> {
  const state = await panel.folder.read();
  const license = state?.license ?? null;
  if (state === null || license === null) throw nothingActivated();
  if (license.key === null) {
    throw new AgentFault(
      'NO_UPDATE',
      'The license was installed from a file, so updates must be carried here too. Ask your vendor.',
    );
  }
  const { channel, platform, arch } = panel.settings;
  const hardware = await sameHardware(panel, state);
  return {
    server: serverOf(panel, state),
    state,
    request: {
      license_key: license.key,
      hardware_id: hardware.id,
      current_version: await currentVersion(panel),
      channel,
      platform,
      arch,
    },
  };
}

/** What the panel may update to. @throws AgentFault */
export async function checkUpdate(panel: Panel): Promise<UpdateOffer> {
  const { server, request } = await asking(panel);
  return askUpdate(server, request, panel.clock.now());
}

/** The service names itself as it does to the world; from here it may be reached by another name. */
function reachable(url: string, server: string, issuer: string | null): string {
  return issuer !== null && url.startsWith(`${issuer}/`) ? `${server}${url.slice(issuer.length)}` : url;
}

const suspicious = (why: string) =>
  new AgentFault(
    'FILE_UNACCEPTABLE',
    `The update is not what it should be: ${why}. Nothing was downloaded; ask your vendor.`,
  );

/**
 * A link to a file and what that file must be, as its signature says.
 * @throws AgentFault where the service refuses, or where the signature is not of what was asked for
 */
export async function requestDownload(panel: Panel, version?: string): Promise<VerifiedDownload> {
  const asked = await asking(panel);
  const { server, state } = asked;
  const request = version === undefined ? asked.request : { ...asked.request, version };
  const link = await askLink(server, request, panel.clock.now());
  const { value: claims, trust } = await opened(panel, asked, link);
  await pinFollowed(panel, state, trust);

  const lease = state.license?.lease ? await tryOpenLease(state.license.lease, trust.pins) : null;
  const product = panel.settings.product ?? lease?.product ?? claims.product;
  if (claims.product !== product) throw suspicious(`it is of the product ${claims.product}`);
  if (claims.version !== (version ?? link.version)) throw suspicious(`it is the version ${claims.version}`);
  if (claims.platform !== null && claims.platform !== request.platform.toLowerCase()) {
    throw suspicious(`it is for ${claims.platform}`);
  }
  if (claims.arch !== null && claims.arch !== request.arch.toLowerCase())
    throw suspicious(`it is for ${claims.arch}`);
  if (!PLAIN_NAME.test(claims.filename)) throw suspicious('its file name leads elsewhere');
  return {
    url: reachable(link.url, server, state.issuer),
    version: claims.version,
    filename: claims.filename,
    size: claims.size,
    sha256: claims.sha256,
    expiresInSeconds: link.expires_in,
  };
}

async function opened(panel: Panel, { server, state }: Asking, link: DownloadLink) {
  const trust: Trust = { pins: state.pins, keysAt: state.contact.keysAt };
  try {
    return await withTrust(server, trust, panel.clock.now(), async (pins) =>
      parseClaims(ARTIFACT_CLAIMS, await openSigned('artifact', link.signature, pins)),
    );
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    throw new AgentFault('UNREACHABLE', `${error.message}.`, { cause: error });
  }
}

/** Keys that were just found to follow from the pinned ones are pinned, so that they are not looked up at each download. */
async function pinFollowed(panel: Panel, seen: AgentState, trust: Trust): Promise<void> {
  if (trust.pins === seen.pins) return;
  await panel.folder.change(async (state, save) => {
    // Another process may have activated anew meanwhile: its pins are not replaced by what followed from older ones.
    if (state === null || JSON.stringify(state.pins) !== JSON.stringify(seen.pins)) return;
    await save({ ...state, pins: trust.pins, contact: { ...state.contact, keysAt: trust.keysAt } });
  });
}
