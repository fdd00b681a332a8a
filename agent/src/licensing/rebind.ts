import { AgentFault } from '../errors.js';
import { UnreachableError } from '../server/unreachable.js';
import type { AgentState } from '../state/state.js';
import { readKey } from './activate.js';
import { nothingActivated } from './nothing-activated.js';
import { grantedAnswer, refusedAnswer, unreachableAnswer, type Answered } from './outcome.js';
import { hardwareForSeat, licenseRequest, serverOf, type Panel } from './panel.js';
import { afterRefusal } from './records.js';
import { releaseReplaced } from './release-replaced.js';
import { takeSeat } from './take-seat.js';
import { pinPublished } from './trust.js';

export interface RebindOptions {
  /** The license key; the stored one unless given. */
  readonly key?: string;
  /** The hardware id that holds the seat; the stored one unless given. */
  readonly previousHardwareId?: string;
}

const HARDWARE_ID = /^[0-9a-f]{64}$/;

/** What says nothing of the license itself: the old hardware holds no seat, or the quota of moves is used up. */
const ABOUT_THE_MOVE: ReadonlySet<string> = new Set(['HARDWARE_MISMATCH', 'MAX_ACTIVATIONS']);

function previousOf(state: AgentState | null, { previousHardwareId }: RebindOptions): string {
  const previous =
    previousHardwareId?.trim().toLowerCase() ?? (state?.license ? state.hardware.id : undefined);
  if (previous === undefined) {
    throw new AgentFault(
      'USAGE',
      'Which hardware holds the seat is not known here. Name it with --from; your vendor can tell you its id.',
    );
  }
  if (HARDWARE_ID.test(previous)) return previous;
  throw new AgentFault('USAGE', 'A hardware id has 64 hexadecimal characters.');
}

const withoutKey = () =>
  new AgentFault(
    'USAGE',
    'The license was installed from a file, without its key. Give the key, or have a lease file made for this machine.',
  );

/** Moves the seat from hardware that may no longer be able to speak for itself to this machine. */
export function rebind(panel: Panel, options: RebindOptions): Promise<Answered> {
  const isWhole = options.key !== undefined && options.previousHardwareId !== undefined;
  return panel.folder.change(
    async (before, save) => {
      const given = options.key ?? before?.license?.key ?? null;
      if (given === null) throw before?.license ? withoutKey() : nothingActivated();
      const key = readKey(panel, given, true);
      const server = serverOf(panel, before);
      const previous = previousOf(before, options);
      const hardware = await hardwareForSeat(panel, before);
      const request = await licenseRequest(panel, key, hardware, { previous_hardware_id: previous });
      try {
        const now = panel.clock.now();
        const isKnown = before !== null && before.pins.length > 0 && before.server === server;
        const trust = isKnown
          ? { pins: before.pins, keysAt: before.contact.keysAt }
          : await pinPublished(server, panel.settings.trustedKeys, now);
        const taken = await takeSeat(panel, { server, action: 'rebind', request, hardware, trust, before });
        if (taken.granted) {
          // The seat that was held is the one that was moved.
          const isMoved = before?.hardware.id === previous;
          await save(taken.state);
          return grantedAnswer(await releaseReplaced(panel, isMoved ? null : before, taken.state));
        }
        const { answer } = taken.believed;
        const isAboutIt = ABOUT_THE_MOVE.has(answer.code) && previous !== hardware.id;
        const next = isAboutIt ? null : afterRefusal(before, key, answer, now);
        if (next !== null) await save(next);
        return refusedAnswer(answer);
      } catch (error) {
        if (error instanceof UnreachableError) return unreachableAnswer(error);
        throw error;
      }
    },
    { evenIfDamaged: isWhole },
  );
}
