import { AgentFault } from '../errors.js';
import type { UpdateOffer } from './offer.js';
import { isNewer } from './versions.js';

/**
 * The version to take next; null when there is nothing to do. `wanted` is the version that was asked for by name, which
 * is taken even when it is not offered: a rollout that has not reached this panel hides it, and the service decides.
 */
export function nextVersion(offer: UpdateOffer, wanted: string | undefined, current: string): string | null {
  const via = offer.update_available ? offer.via_version : null;
  if (wanted === undefined) return offer.update_available ? (via ?? offer.latest_version) : null;
  if (!isNewer(wanted, current)) return null;
  return via !== null && isNewer(wanted, via) ? via : wanted;
}

/** AgentFault FILE_UNACCEPTABLE for a file that would not lead forward: an old release, validly signed, is how one goes back. */
export function checkForward(version: string, asked: string, current: string): void {
  if (version === asked && isNewer(version, current)) return;
  throw new AgentFault(
    'FILE_UNACCEPTABLE',
    `The service sent version ${version} where ${asked} was asked for and ${current} runs. Nothing was installed; tell your vendor.`,
  );
}

/** AgentFault NO_UPDATE where the version that is asked for by name would lead back. */
export function refuseOld(wanted: string | undefined, current: string): void {
  if (wanted === undefined || isNewer(wanted, current)) return;
  throw new AgentFault(
    'NO_UPDATE',
    `Version ${wanted} is not newer than ${current}, which runs. To go back, install the older version by hand.`,
  );
}
