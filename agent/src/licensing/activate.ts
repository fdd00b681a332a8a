import { judgeKey, normalKey } from '../domain/license-key.js';
import { AgentFault } from '../errors.js';
import { UnreachableError } from '../server/unreachable.js';
import type { AgentState, StoredLicense } from '../state/state.js';
import { grantedAnswer, refusedAnswer, unreachableAnswer, type Answered } from './outcome.js';
import { hardwareForSeat, licenseRequest, serverOf, type Panel } from './panel.js';
import { afterRefusal } from './records.js';
import { releaseReplaced } from './release-replaced.js';
import { takeSeat } from './take-seat.js';
import { pinPublished } from './trust.js';

const MOST_KEY_CHARACTERS = 255;

/** The key as it is sent, once its check characters are found right. @throws AgentFault USAGE, KEY_TYPO */
export function readKey({ settings }: Panel, input: string, force: boolean): string {
  const key = normalKey(input);
  if (key === '') throw new AgentFault('USAGE', 'License key is required');
  if (key.length > MOST_KEY_CHARACTERS) throw new AgentFault('USAGE', 'That is too long for a license key.');
  if (force || judgeKey(key, settings.keyPrefix) !== 'typo') return key;
  throw new AgentFault(
    'KEY_TYPO',
    'The license key has a typo: characters are missing, or do not fit together. Compare it with the one you were sent; to send it as it is, use --force.',
  );
}

/** What says nothing of the license itself when it is asked for other hardware than the one that holds a seat. */
const ABOUT_THE_SEAT: ReadonlySet<string> = new Set(['HARDWARE_MISMATCH', 'MAX_ACTIVATIONS']);

/**
 * Noted before the question is sent: when its answer is lost, the service may have begun the seat's chain of leases anew,
 * and the lease that is held would look like a copy's.
 */
const withMark = (state: AgentState, license: StoredLicense): AgentState => ({
  ...state,
  license: { ...license, mustActivate: true },
});

/**
 * Binds a license to this machine. It begins with whom to believe: the keys published now are pinned, whatever was pinned
 * before. Until the service has granted the seat the license that is held stays as it is.
 */
export function activate(panel: Panel, input: string, force: boolean): Promise<Answered> {
  const key = readKey(panel, input, force);
  return panel.folder.change(
    async (before, save) => {
      const server = serverOf(panel, before);
      const hardware = await hardwareForSeat(panel, before);
      const isSame = before === null || before.hardware.id === hardware.id;
      const request = await licenseRequest(panel, key, hardware);
      const held = before?.license ?? null;
      try {
        const trust = await pinPublished(server, panel.settings.trustedKeys, panel.clock.now());
        // A license that was refused is not asked for anew on the way to another.
        const isMarked =
          before !== null && isSame && held !== null && (held.refusal === null || held.key === key);
        if (isMarked) await save(withMark(before, held));
        const call = { server, action: 'activate', request, hardware, trust, before } as const;
        const taken = await takeSeat(panel, call);
        if (taken.granted) {
          await save(taken.state);
          return grantedAnswer(await releaseReplaced(panel, before, taken.state));
        }
        const { answer } = taken.believed;
        const isFinal = isSame || !ABOUT_THE_SEAT.has(answer.code);
        const next = isFinal ? afterRefusal(before, key, answer, panel.clock.now()) : null;
        // A refusal begins nothing anew.
        if (next !== null) await save(next);
        else if (isMarked) await save(before);
        return refusedAnswer(answer);
      } catch (error) {
        if (error instanceof UnreachableError) return unreachableAnswer(error);
        throw error;
      }
    },
    { evenIfDamaged: true },
  );
}
