/** A list in the document: its rows, some at a time. */
export type Section = AsyncIterable<readonly unknown[]>;

/**
 * Writes one JSON document piece by piece: the fields of `head`, and then each section as a list of its rows. No more of it
 * than one piece is in memory.
 */
export async function* writtenDocument(
  head: Readonly<Record<string, unknown>>,
  sections: Readonly<Record<string, Section>>,
): AsyncGenerator<string> {
  yield JSON.stringify(head).slice(0, -1);
  for (const [name, section] of Object.entries(sections)) {
    yield `,${JSON.stringify(name)}:[`;
    let isFirst = true;
    for await (const rows of section) {
      if (rows.length === 0) continue;
      const text = rows.map((row) => JSON.stringify(row)).join(',');
      yield isFirst ? text : `,${text}`;
      isFirst = false;
    }
    yield ']';
  }
  yield '}';
}
