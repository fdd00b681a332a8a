import { withPauses } from '../../src/admin/transfer/pauses.js';

/** Far more than fit into one turn, unless it is told earlier that others have had theirs. */
async function* rows(until: () => boolean): AsyncGenerator<number> {
  for (let row = 0; row < 1_000_000 && !until(); row++) yield row;
}

describe('the rows of a file that is all there', () => {
  it('let others in between', async () => {
    let others = false;
    setImmediate(() => (others = true));
    for await (const _ of withPauses(rows(() => others)));
    expect(others).toBe(true);
  });

  it('come all, and in their order', async () => {
    const seen: number[] = [];
    for await (const row of withPauses(rows(() => seen.length === 50_000))) seen.push(row);
    expect(seen).toEqual(Array.from({ length: 50_000 }, (_, row) => row));
  });
});
