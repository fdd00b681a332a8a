/** Everything shaped like a license key, in any case: a prefix and five groups of four, or what a typo has made of it. */
const KEY = /(?<![A-Z0-9])([A-Z0-9]{1,16})(?:-[A-Z0-9]{3,5}){3,6}-([A-Z0-9]{3,5})(?![A-Z0-9])/gi;

/** Masks the keys in a text. */
export const withoutKeys = (text: string): string => text.replace(KEY, '$1-****-$2');

/**
 * Commander's complaint about a line as a sentence. Of an option only its name stays, and a word that is no command is
 * left out: it may be a key in the wrong place, and a mistyped one has any form.
 */
export function withoutTyped(complaint: string): string {
  const text = complaint
    .trim()
    .replace(/^error: /, '')
    .replace(/^unknown command '.*?'/s, 'unknown command')
    .replace(/^(unknown option '[^'=]*)=[^']*'/s, "$1'")
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}. See \`mooring-agent --help\`.`;
}
