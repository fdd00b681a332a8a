const WIDTH = 100;

/** What must not be shown whole, and what nobody reads whole. */
const SHORTENED: readonly (readonly [RegExp, (...match: string[]) => string])[] = [
  [/\bmk_[0-9a-f]{48}\b/g, (key) => `${key.slice(0, 11)}…`],
  [
    /\b([A-Z][A-Z0-9]{0,15})(?:-[0-9A-Z]{4}){4}-([0-9A-Z]{4})\b/g,
    (_key, prefix, end) => `${prefix}-****-${end}`,
  ],
  [/\bms_[0-9a-f]{48}\b/g, (token) => `${token.slice(0, 6)}…`],
  [/\bwhsec_[\w+/=]+/g, (secret) => `${secret.slice(0, 9)}…`],
  [/(\/download\/file\/|\/sso\/consume\/)[^/?#"]+/g, (_url, path) => `${path}…`],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, (jws) => `${jws.slice(0, 12)}… (${jws.length} characters)`],
  [/\b[0-9a-f]{64}\b/g, (hash) => `${hash.slice(0, 12)}…`],
];

/** A text without its secrets; signatures and hashes are shortened. */
export const shorten = (text: string): string =>
  SHORTENED.reduce((shown, [form, replace]) => shown.replace(form, replace), text);

/** Some secrets have no form that gives them away. */
const SECRET_NAMES: ReadonlySet<string> = new Set(['token', 'nonce', 'password']);

const shown = (name: string, value: unknown): unknown => {
  if (typeof value !== 'string') return value;
  return SECRET_NAMES.has(name) ? `${value.slice(0, 6)}…` : shorten(value);
};

/** A value as JSON for the eye: on one line where it fits behind `column`, secrets masked. */
export function show(
  value: unknown,
  { indent, column = indent }: { indent: number; column?: number },
): string {
  return layout(JSON.parse(JSON.stringify(value ?? null, shown)), indent, column);
}

function layout(value: unknown, indent: number, column: number): string {
  const line = JSON.stringify(value);
  if (typeof value !== 'object' || value === null || column + line.length <= WIDTH) return line;
  const isList = Array.isArray(value);
  const pad = ' '.repeat(indent + 2);
  const members = Object.entries(value).map(([key, member]) => {
    const name = isList ? '' : `${JSON.stringify(key)}: `;
    return `${pad}${name}${layout(member, indent + 2, pad.length + name.length)}`;
  });
  const [open, close] = isList ? '[]' : '{}';
  return `${open}\n${members.join(',\n')}\n${' '.repeat(indent)}${close}`;
}
