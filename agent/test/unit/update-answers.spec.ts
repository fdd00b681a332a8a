import type { FileReply } from '../../src/updates/file-request.js';
import { checkForward, nextVersion } from '../../src/updates/next-step.js';
import type { UpdateOffer } from '../../src/updates/offer.js';
import { readReply } from '../../src/updates/replies.js';
import { pauseMs, retryAfterMs } from '../../src/updates/waits.js';

const DOWNLOAD = { url: '', version: '1.1.0', filename: 'f', size: 100, sha256: '', expiresInSeconds: 900 };

async function* nothing() {
  // No bytes.
}

const reply = (status: number, headers: FileReply['headers'] = {}, isRedirected = false): FileReply => ({
  status,
  headers,
  isRedirected,
  bytes: nothing,
  drop: () => undefined,
});

describe('an answer to a request for bytes', () => {
  it.each([
    ['rest', reply(206, { 'content-range': 'bytes 40-99/100' })],
    ['rest', reply(206, { 'content-range': 'bytes 40-99/*' })],
    ['whole', reply(200, { 'content-length': '100' })],
    ['whole', reply(200)],
    ['useless part', reply(206, { 'content-range': 'bytes 0-99/100' })],
    ['useless part', reply(206, { 'content-range': 'bytes 41-99/100' })],
    ['useless part', reply(206)],
    ['useless part', reply(416)],
    ['expired', reply(401)],
    ['later', reply(403, {}, true)],
    ['later', reply(401, {}, true)],
    ['later', reply(429)],
    ['later', reply(500)],
    ['later', reply(200, { 'content-type': 'text/html', 'content-length': '100' })],
    ['wrong', reply(206, { 'content-range': 'bytes 40-199/200' })],
    ['wrong', reply(206, { 'content-range': 'bytes 40-99/100', 'content-encoding': 'br' })],
    ['wrong', reply(200, { 'content-length': '99' })],
    ['wrong', reply(200, { 'content-encoding': 'gzip' })],
    ['wrong', reply(403)],
    ['wrong', reply(404)],
  ])('is read as "%s" when %j', (kind, answer) => {
    expect(readReply(answer, 40, DOWNLOAD).kind).toBe(kind);
  });

  it('is no part, nor beyond the end, when all was asked for', () => {
    expect(readReply(reply(206, { 'content-range': 'bytes 0-99/100' }), 0, DOWNLOAD).kind).toBe('later');
    expect(readReply(reply(416), 0, DOWNLOAD).kind).toBe('wrong');
  });
});

describe('the wait after a broken line', () => {
  it('doubles up to half a minute, and has no end', () => {
    expect([1, 2, 3, 5, 6, 7, 5_000].map(pauseMs)).toEqual([
      1_000, 2_000, 4_000, 16_000, 30_000, 30_000, 30_000,
    ]);
  });

  it.each([
    [undefined, 0],
    ['', 0],
    ['120', 120_000],
    [' 0 ', 0],
    ['-5', 0],
    ['1.5', 0],
    ['soon', 0],
    ['99999999999999999999', 0],
    ['Mon, 01 Mar 2027 12:00:30 GMT', 30_000],
    ['Mon, 01 Mar 2027 11:00:00 GMT', 0],
  ])('follows Retry-After %j: %i ms', (header, milliseconds) => {
    expect(retryAfterMs(header, Date.parse('2027-03-01T12:00:00Z'))).toBe(milliseconds);
  });
});

const offer = (given: Partial<UpdateOffer>): UpdateOffer => ({
  update_available: true,
  current_version: '1.0.0',
  latest_version: '2.0.0',
  changelog: null,
  released_at: null,
  mandatory: false,
  security: false,
  size: null,
  sha256: null,
  via_version: null,
  updates_expired: false,
  ...given,
});

describe('the version to take next', () => {
  it.each([
    ['what is offered', {}, undefined, '2.0.0'],
    ['the stepping stone first', { via_version: '1.1.0' }, undefined, '1.1.0'],
    ['nothing when nothing is offered', { update_available: false }, undefined, null],
    ['the one that was named', {}, '1.5.0', '1.5.0'],
    ['the one that was named, hidden as it may be', { update_available: false }, '1.5.0', '1.5.0'],
    ['the stepping stone on the way to the one that was named', { via_version: '1.1.0' }, '1.5.0', '1.1.0'],
    ['the one that was named, before the stepping stone', { via_version: '1.1.0' }, '1.0.5', '1.0.5'],
    ['the stepping stone when it was named', { via_version: '1.1.0' }, '1.1.0', '1.1.0'],
    ['nothing when the one that was named runs', {}, '1.0.0', null],
    ['nothing when the one that was named is older', {}, '0.9.0', null],
    ['nothing for what is no version', {}, 'latest', null],
  ])('is %s', (_, given, wanted, expected) => {
    expect(nextVersion(offer(given), wanted, '1.0.0')).toBe(expected);
  });

  it('leads forward and nowhere else', () => {
    expect(() => checkForward('1.1.0', '1.1.0', '1.0.0')).not.toThrow();
    // A pre-release comes before its release.
    for (const [sent, asked] of [
      ['1.1.0', '1.2.0'],
      ['1.0.0', '1.0.0'],
      ['0.9.0', '0.9.0'],
      ['1.0.0-rc.1', '1.0.0-rc.1'],
      ['x', 'x'],
    ] as const) {
      expect(() => checkForward(sent, asked, '1.0.0')).toThrow(
        expect.objectContaining({ code: 'FILE_UNACCEPTABLE' }),
      );
    }
  });
});
