import { setImmediate as othersTurn } from 'node:timers/promises';

/** So long a file has this process to itself: a fraction of what a phone-home takes on the network. */
const SLICE_MS = 5;

/**
 * The same rows, with others let in between them. What a sender has sent faster than it is checked is all there, and so
 * one row would follow the other without an end: panels would wait for megabytes of them.
 */
export async function* withPauses<Row>(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
  let began = performance.now();
  for await (const row of rows) {
    yield row;
    if (performance.now() - began < SLICE_MS) continue;
    await othersTurn();
    began = performance.now();
  }
}
