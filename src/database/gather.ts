import DataLoader from 'dataloader';
import { independently } from './unit-of-work.js';

export interface Gathering {
  /** So many share a statement at the most: a longer one would keep the first of them waiting. */
  readonly most: number;
  /** So many statements run at a time; meanwhile the next one gathers who arrives. */
  readonly inFlight: number;
}

/** As long as a statement may take. Who has waited so long for those before is not answered in time any more. */
const PATIENCE_MS = 15_000;

/** Refused unasked, as by a database that is away: so it is, or far behind. */
class WaitedTooLong extends Error {
  constructor() {
    super('Waited too long for other statements');
  }
}

/** Two statements keep two processes of the database busy; a third would only take rows away from the next one. */
export const TOGETHER: Gathering = { most: 64, inFlight: 2 };

interface Queued<Asked> {
  readonly asked: Asked;
  /** Milliseconds of the process. */
  readonly since: number;
}

/**
 * Answers calls that arrive together by one statement. Nothing is remembered: each of them was there before its statement
 * began. In whichever request they are gathered, they are no part of its transaction. While the database hangs they do not
 * wait for one another to time out.
 */
export function gather<Asked, Answer>(
  ask: (together: readonly Asked[]) => Promise<readonly Answer[]>,
  { most, inFlight }: Gathering,
): (asked: Asked) => Promise<Answer> {
  const askInTime = async (asked: readonly Asked[]) => (asked.length === 0 ? [] : ask(asked));
  let running = 0;
  const ready: (() => void)[] = [];
  const begin = () => {
    if (running >= inFlight) return;
    const dispatch = ready.shift();
    if (dispatch === undefined) return;
    running++;
    dispatch();
  };
  const loader = new DataLoader<Queued<Asked>, Answer>(
    async (together) => {
      const earliest = performance.now() - PATIENCE_MS;
      const inTime = together.filter(({ since }) => since >= earliest);
      try {
        const answers = await independently(() => askInTime(inTime.map(({ asked }) => asked)));
        if (inTime.length === together.length) return answers;
        const rest = answers.values();
        return together.map(({ since }) =>
          since < earliest ? new WaitedTooLong() : (rest.next().value as Answer),
        );
      } finally {
        running--;
        begin();
      }
    },
    {
      cache: false,
      maxBatchSize: most,
      batchScheduleFn: (dispatch) => {
        // After whatever arrived in the same turn of the event loop.
        setImmediate(() => {
          ready.push(dispatch);
          begin();
        });
      },
    },
  );
  return (asked) => loader.load({ asked, since: performance.now() });
}
