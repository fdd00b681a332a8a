import { randomBytes } from 'node:crypto';

/** 24 random bytes: too many to guess, and the prefix lets a secret scanner find a leaked one. */
const TOKEN_BYTES = 24;

const PREFIXES = { apiKey: 'mk_', session: 'ms_', ssoNonce: 'mo_' } as const satisfies Record<string, string>;

export type SecretKind = keyof typeof PREFIXES;

/** Those that a request can be made with. */
export type CredentialKind = Exclude<SecretKind, 'ssoNonce'>;

const HEX = '[0-9a-f]{48}';

const FORMS: readonly { readonly kind: CredentialKind; readonly form: RegExp }[] = [
  { kind: 'apiKey', form: new RegExp(`^${PREFIXES.apiKey}${HEX}$`) },
  { kind: 'session', form: new RegExp(`^${PREFIXES.session}${HEX}$`) },
];

/** The prefix and 48 hexadecimal digits. */
export const generateSecret = (kind: SecretKind): string =>
  PREFIXES[kind] + randomBytes(TOKEN_BYTES).toString('hex');

/** What a credential claims to be; null for a text that is neither, however long it is. */
export const kindOf = (text: string): CredentialKind | null =>
  FORMS.find(({ form }) => form.test(text))?.kind ?? null;

const NONCE = new RegExp(`^${PREFIXES.ssoNonce}${HEX}$`);

/** Whether a text can be the nonce of an SSO link. */
export const isNonce = (text: string): boolean => NONCE.test(text);

/** As much of an API key as may be shown to tell it from others. */
export const keyPrefixOf = (apiKey: string): string => apiKey.slice(0, 11);

/** The credential of an `Authorization: Bearer` header; null for another scheme or none. */
export function bearerOf(header: string | undefined): string | null {
  const [scheme = '', token, more] = (header ?? '').trim().split(/ +/);
  return scheme.toLowerCase() === 'bearer' && token !== undefined && more === undefined ? token : null;
}
