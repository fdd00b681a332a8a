import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface S3Account {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What a request says of its own signature, in its headers or in its address. */
interface Claimed {
  /** `<key id>/<day>/<region>/s3/aws4_request` */
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  /** `20270301T120000Z` */
  readonly date: string;
  readonly payload: string;
  /** Null where the address does not say when it ends. */
  readonly expiresSeconds: number | null;
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function claimed(request: IncomingMessage, query: URLSearchParams): Claimed | null {
  const { authorization, 'x-amz-date': date, 'x-amz-content-sha256': payload } = request.headers;
  const [, credential, signedHeaders, signature] =
    /^AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=(\S+)$/.exec(authorization ?? '') ??
    [];
  if (credential !== undefined && signedHeaders !== undefined && signature !== undefined) {
    return {
      credential,
      signedHeaders,
      signature,
      date: String(date),
      payload: String(payload),
      expiresSeconds: null,
    };
  }
  if (query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') return null;
  const [inAddress, headers, expires] = ['Signature', 'SignedHeaders', 'Expires'].map((name) =>
    query.get(`X-Amz-${name}`),
  );
  if (!inAddress || !headers || !expires) return null;
  return {
    credential: query.get('X-Amz-Credential') ?? '',
    signedHeaders: headers,
    signature: inAddress,
    date: query.get('X-Amz-Date') ?? '',
    payload: 'UNSIGNED-PAYLOAD',
    expiresSeconds: Number(expires),
  };
}

const instantOf = (date: string): number =>
  Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

/** The S3 error code that a request deserves for its signature (version 4), null when it is good at `now`. */
export function signatureProblem(request: IncomingMessage, account: S3Account, now: number): string | null {
  const [path = '/', search = ''] = (request.url ?? '/').split('?');
  const query = new URLSearchParams(search);
  const claim = claimed(request, query);
  if (claim === null) return 'AccessDenied';
  const [keyId, day = '', region = '', service = ''] = claim.credential.split('/');
  if (keyId !== account.accessKeyId) return 'InvalidAccessKeyId';
  const issued = instantOf(claim.date);
  if (!(issued <= now + 900_000)) return 'RequestTimeTooSkewed';
  if (claim.expiresSeconds !== null && now > issued + claim.expiresSeconds * 1_000) return 'AccessDenied';

  query.delete('X-Amz-Signature');
  const canonicalQuery = [...query]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .toSorted()
    .join('&');
  const names = claim.signedHeaders.split(';');
  const headers = names.map((name) => `${name}:${String(request.headers[name]).trim()}\n`).join('');
  const canonical = [request.method, path, canonicalQuery, headers, claim.signedHeaders, claim.payload].join(
    '\n',
  );
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', claim.date, scope, hash('sha256', canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${account.secretAccessKey}`,
  );
  const expected = hmac(key, toSign);
  const given = Buffer.from(claim.signature, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected)
    ? null
    : 'SignatureDoesNotMatch';
}
