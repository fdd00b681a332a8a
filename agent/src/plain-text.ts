/** Whatever steers a terminal instead of being read: control, format and unassigned characters. */
const STEERING = /[^\P{C}\n\t]/gu;

/** A text from outside as people may be shown it: a changelog or a hook must not move the cursor or hide what it says. */
export const plainText = (text: string): string => text.replaceAll('\r\n', '\n').replace(STEERING, '\uFFFD');

const MOST_CHARACTERS = 200;

/** The same of a sentence that nobody signed: one line, and not a long one. */
export const plainLine = (text: string): string =>
  plainText(text.slice(0, MOST_CHARACTERS)).replace(/\s+/g, ' ');

/** A JSON text that says the same without such characters. */
export const plainJson = (json: string): string =>
  json.replace(STEERING, (characters) =>
    Array.from(
      { length: characters.length },
      (_, at) => `\\u${characters.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
