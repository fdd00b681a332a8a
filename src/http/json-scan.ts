/** What a body is refused for before it is parsed. */
export type JsonFlaw = 'too deep' | 'duplicate key' | 'forbidden key';

/** How many objects and lists may lie in one another. */
export const MAX_DEPTH = 32;

const CODE = {
  quote: 34,
  comma: 44,
  backslash: 92,
  openList: 91,
  closeList: 93,
  openObject: 123,
  closeObject: 125,
};

/** An object or a list that is still open; a list has no keys. */
interface Open {
  readonly keys: Set<string> | null;
  /** The key whose value is being read. */
  key: string;
}

/** The index of the quote that ends the string begun at `start`, or the text's end. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === CODE.quote) return i;
    i += code === CODE.backslash ? 2 : 1;
  }
  return text.length;
}

/** A key as the parser will read it: `"\u0061"` and `"a"` are the same one. Throws SyntaxError on a bad escape. */
function keyOf(token: string): string {
  return token.includes('\\') ? String(JSON.parse(token)) : token.slice(1, -1);
}

/** Keys that would reach into prototypes where a careless copy is made. */
function isForbidden(open: Open, parent: Open | undefined): boolean {
  return open.key === '__proto__' || (open.key === 'prototype' && parent?.key === 'constructor');
}

/**
 * One pass over a JSON text for what `JSON.parse` lets by: nesting beyond 32, a key given twice (the last would win
 * here and maybe the first elsewhere), and prototype keys. Null when there is none. Says nothing about the syntax:
 * the parser judges that afterwards, so a malformed text may pass or throw SyntaxError.
 */
export function findFlaw(text: string): JsonFlaw | null {
  const stack: Open[] = [];
  let awaitsKey = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const top = stack.at(-1);
    if (code === CODE.quote) {
      const end = endOfString(text, i);
      if (awaitsKey && top?.keys) {
        top.key = keyOf(text.slice(i, end + 1));
        if (top.keys.has(top.key)) return 'duplicate key';
        if (isForbidden(top, stack.at(-2))) return 'forbidden key';
        top.keys.add(top.key);
        awaitsKey = false;
      }
      i = end;
    } else if (code === CODE.openObject || code === CODE.openList) {
      if (stack.length === MAX_DEPTH) return 'too deep';
      awaitsKey = code === CODE.openObject;
      stack.push({ keys: awaitsKey ? new Set() : null, key: '' });
    } else if (code === CODE.closeObject || code === CODE.closeList) {
      stack.pop();
      awaitsKey = false;
    } else if (code === CODE.comma) {
      awaitsKey = top?.keys !== undefined && top.keys !== null;
    }
  }
  return null;
}
