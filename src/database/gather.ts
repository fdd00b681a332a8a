import DataLoader from 'dataloader';
import { independently } from './unit-of-work.js';

export interface Gathering {
  /** So many share a statement at the most: a longer one would keep the first of them waiting. */
  readonly most: number;
  /** So many statements run at a time; meanwhile the next one gathers who arrives. */
  readonly inFlight: number;
}

/** Two statements keep two processes of the database busy; a third would only take rows away from the next one. */
export const TOGETHER: Gathering = { most: 64, inFlight: 2 };

/**
 * Answers calls that arrive together by one statement. Nothing is remembered: each of them was there before its statement
 * began. In whichever request they are gathered, they are no part of its transaction.
 */
export function gather<Asked, Answer>(
  ask: (together: readonly Asked[]) => Promise<readonly Answer[]>,
  { most, inFlight }: Gathering,
): (asked: Asked) => Promise<Answer> {
  let running = 0;
  const ready: (() => void)[] = [];
  const begin = () => {
    if (running >= inFlight) return;
    const dispatch = ready.shift();
    if (dispatch === undefined) return;
    running++;
    dispatch();
  };
  const loader = new DataLoader<Asked, Answer>(
    async (together) => {
      try {
        return await independently(() => ask(together));
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
  return (asked) => loader.load(asked);
}
