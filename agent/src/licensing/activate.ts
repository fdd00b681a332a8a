import { judgeKey, maskKey, trimmedKey } from '../domain/license-key.js';
import { AgentFault } from '../errors.js';
import { UnreachableError } from '../server/unreachable.js';
import type { AgentState, StoredLicense } from '../state/state.js';
import { ask } from './ask.js';
import { grantedAnswer, refusedAnswer, unreachableAnswer, type Answered } from './outcome.js';
import { hardwareForSeat, licenseRequest, serverOf, type Panel } from './panel.js';
import { afterRefusal } from './records.js';
import { takeSeat } from './take-seat.js';
import { pinPublished } from './trust.js';

const MOST_KEY_CHARACTERS = 255;

/** The key as it is sent, once its check characters are found right. @throws AgentFault USAGE, KEY_TYPO */
export function readKey({ settings }: Panel, input: string, force: boolean): string {
  const key = trimmedKey(input);
  if (key === '') throw new AgentFault('USAGE', 'License key is required');
  if (key.length > MOST_KEY_CHARACTERS) throw new AgentFault('USAGE', 'That is too long for a license key.');
  if (force || judgeKey(key, settings.keyPrefix) !== 'typo') return key;
  throw new AgentFault(
    'KEY_TYPO',
    'The license key has a typo: its last four characters do not fit the rest. Compare it with the one you were sent; to send it as it is, use --force.',
  );
}

/** What says nothing of the license itself when it is asked for other hardware than the one that holds a seat. */
const ABOUT_THE_SEAT: ReadonlySet<string> = new Set(['HARDWARE_MISMATCH', 'MAX_ACTIVATIONS']);

const NEW_IDENTITY =
  'This machine is known by another hardware id now, because of the seed; a seat that it held before is still taken.';

/**
 * Binds a license to this machine. It begins with whom to believe: the keys published now are pinned, whatever was pinned
 * before. Until the service has granted the seat the old state stays as it is.
 */
export function activate(panel: Panel, input: string, force: boolean): Promise<Answered> {
  const key = readKey(panel, input, force);
  return panel.folder.change(
    async (before, save) => {
      const server = serverOf(panel, before);
      const hardware = await hardwareForSeat(panel, before);
      const isSame = before === null || before.hardware.id === hardware.id;
      const request = await licenseRequest(panel, key, hardware);
      try {
        const trust = await pinPublished(server, panel.settings.trustedKeys, panel.clock.now());
        const call = { server, action: 'activate', request, hardware, trust, before } as const;
        const taken = await takeSeat(panel, call);
        if (taken.granted) {
          await save(taken.state);
          const left = await releaseReplaced(panel, before, taken.state);
          return grantedAnswer(left ?? (isSame ? null : NEW_IDENTITY));
        }
        const { answer } = taken.believed;
        const isFinal = isSame || !ABOUT_THE_SEAT.has(answer.code);
        const next = isFinal ? afterRefusal(before, key, answer, panel.clock.now()) : null;
        if (next !== null) await save(next);
        return refusedAnswer(answer);
      } catch (error) {
        if (error instanceof UnreachableError) return unreachableAnswer(error);
        throw error;
      }
    },
    { evenIfDamaged: true },
  );
}

const isAnother = (before: StoredLicense, now: StoredLicense | null): boolean =>
  before.licenseId !== now?.licenseId;

/**
 * The seat of the license that was replaced would stay taken for ever. That it can't be given back does not undo the
 * activation; the sentence says so. A new key of the same license still has the same seat.
 */
async function releaseReplaced(
  panel: Panel,
  before: AgentState | null,
  { license, ...state }: AgentState,
): Promise<string | null> {
  const replaced = before?.license ?? null;
  if (before === null || replaced === null || replaced.key === null || !isAnother(replaced, license))
    return null;
  const left = `The seat of the license before, ${maskKey(replaced.key)}, could not be given back`;
  try {
    const request = await licenseRequest(panel, replaced.key, before.hardware);
    const { answer } = await ask(before.server, 'deactivate', request, {
      trust: { pins: before.server === state.server ? state.pins : before.pins, keysAt: null },
      now: panel.clock.now(),
    });
    if (answer.code === 'VALID' || answer.code === 'HARDWARE_MISMATCH') return null;
    return `${left}: ${answer.error}.`;
  } catch (error) {
    if (error instanceof UnreachableError) return `${left}: ${error.message}.`;
    throw error;
  }
}
