/** Everything shaped like a license key: a prefix and five groups of four, or what a typo has made of it. */
const KEY = /\b([A-Z0-9]{1,16})(?:-[A-Z0-9]{3,5}){3,6}-([A-Z0-9]{3,5})\b/gi;

/** Masks the keys in a text. */
export const withoutKeys = (text: string): string => text.replace(KEY, '$1-****-$2');

/**
 * Commander's complaint about a line as a sentence. It repeats what was typed, which may be a key in the wrong place: of an
 * option only its name stays, and a word that is no command is left out.
 */
export function withoutTyped(complaint: string): string {
  const text = complaint
    .trim()
    .replace(/^error: /, '')
    .replace(/^unknown command '.*?'/s, 'unknown command')
    .replace(/^(unknown option '[^'=]*)=[^']*'/s, "$1'")
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
  return withoutKeys(`${text.charAt(0).toUpperCase()}${text.slice(1)}. See \`mooring-agent --help\`.`);
}
