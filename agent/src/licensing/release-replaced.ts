import { AgentFault } from '../errors.js';
import { safeAddress } from '../server/address.js';
import { UnreachableError } from '../server/unreachable.js';
import type { AgentState, StoredLicense } from '../state/state.js';
import { ask } from './ask.js';
import { licenseRequest, serverOf, type Panel } from './panel.js';

/** After these there is no seat to be given back: it is free, or there is no license any more that could use it. */
const NOTHING_TO_RELEASE: ReadonlySet<string> = new Set([
  'VALID',
  'HARDWARE_MISMATCH',
  'REVOKED',
  'INVALID_KEY',
]);

const isAnother = (before: StoredLicense, now: StoredLicense | null): boolean =>
  before.licenseId !== now?.licenseId;

/**
 * The seat of a license that was replaced would stay taken for ever, so it is given back; only this machine's own, for a
 * state that was copied here is another machine's. That it fails does not undo what replaced it. Answers a sentence when
 * a seat is left, otherwise null. A new key of the same license still has the same seat.
 */
export async function releaseReplaced(
  panel: Panel,
  before: AgentState | null,
  after: AgentState,
): Promise<string | null> {
  const replaced = before?.license ?? null;
  if (before === null || replaced === null) return null;
  if (before.hardware.id !== after.hardware.id) {
    return 'This machine is known by another hardware id than the one that the license before was activated on; whatever seat that holds stays taken.';
  }
  if (replaced.key === null || !isAnother(replaced, after.license)) return null;
  const left = `The seat of the license before, ${replaced.maskedKey}, could not be given back`;
  try {
    const { insecureHttp } = panel.settings;
    const server = before.server === null ? serverOf(panel, after) : safeAddress(before.server, insecureHttp);
    const request = await licenseRequest(panel, replaced.key, before.hardware);
    const { answer } = await ask(server, 'deactivate', request, {
      trust: { pins: before.server === after.server ? after.pins : before.pins, keysAt: null },
      now: panel.clock.now(),
    });
    return NOTHING_TO_RELEASE.has(answer.code) ? null : `${left}: ${answer.error}.`;
  } catch (error) {
    if (error instanceof UnreachableError) return `${left}: ${error.message}.`;
    if (error instanceof AgentFault) return `${left}: ${error.message}`;
    throw error;
  }
}
