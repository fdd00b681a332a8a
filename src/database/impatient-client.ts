import { Client } from 'pg';

/** What pg says when `query_timeout` is over: it has no code and no class of its own. */
const TIMED_OUT = 'Query read timeout';

const hasTimedOut = (error: unknown): boolean => error instanceof Error && error.message === TIMED_OUT;

/**
 * A connection that is closed once an answer did not come in time. Left open, the ROLLBACK of its transaction would
 * queue behind the statement that is stuck and wait as long again, and the pool would lend the connection to the next.
 */
export class ImpatientClient extends Client {
  constructor(...args: ConstructorParameters<typeof Client>) {
    super(...args);
    const query: (...given: unknown[]) => unknown = this.query.bind(this);
    const watched = (...given: unknown[]): unknown => {
      const answer = query(...given);
      // Without a promise it is the pool that asks, which throws a connection away after any error.
      if (answer instanceof Promise) answer.catch((error: unknown) => this.endAfter(error));
      return answer;
    };
    Object.assign(this, { query: watched });
  }

  private endAfter(error: unknown): void {
    // With a statement under way this cuts the connection at once; whoever waits in its queue is told.
    if (hasTimedOut(error)) void this.end();
  }
}
