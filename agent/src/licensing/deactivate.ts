import { UnreachableError } from '../server/unreachable.js';
import { ask } from './ask.js';
import { nothingActivated } from './nothing-activated.js';
import { grantedAnswer, refusedAnswer, unreachableAnswer, type Answered } from './outcome.js';
import { licenseRequest, serverOf, type Panel } from './panel.js';
import { afterFailure, afterRefusal, answered, toldTime } from './records.js';

/** Seats of machines that are told apart by a proved `HARDWARE_MISMATCH` are free already. */
const FREE = 'HARDWARE_MISMATCH';

/** Gives the seat back, and forgets the license once that is proved. The hardware is the one that took it, wherever this runs. */
export function deactivate(panel: Panel): Promise<Answered> {
  return panel.folder.change(async (state, save) => {
    const license = state?.license ?? null;
    if (state === null || license === null) throw nothingActivated();
    const { key } = license;
    if (key === null) {
      // The lease was carried in; its seat is given back by whoever made the file.
      await save({ ...state, license: null });
      return grantedAnswer(
        'The lease is removed. Tell your vendor, who alone can free the seat of an offline machine.',
      );
    }
    const now = panel.clock.now();
    try {
      const { answer, trust } = await ask(
        serverOf(panel, state),
        'deactivate',
        await licenseRequest(panel, key, state.hardware),
        { trust: { pins: state.pins, keysAt: state.contact.keysAt }, now },
      );
      const told = {
        pins: trust.pins,
        contact: answered(now, trust.keysAt, answer.claims.version),
        time: toldTime(now, answer),
      };
      if (answer.code === 'VALID' || answer.code === FREE) {
        await save({ ...state, ...told, license: null });
        return grantedAnswer(
          answer.code === FREE ? 'The license server knows no seat of this hardware.' : null,
        );
      }
      await save({ ...(afterRefusal(state, key, answer, now) ?? state), ...told });
      return refusedAnswer(answer);
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      await save(afterFailure(state, now, error));
      return unreachableAnswer(error);
    }
  });
}
