import { TOTP } from 'otpauth';
import { generateRecoveryCodes, normalizedRecoveryCode } from '../../src/auth/totp/recovery-codes.js';
import { enrolment, generateTotpSecret, matchedStep } from '../../src/auth/totp/totp-code.js';

/** The secret and codes of RFC 6238, appendix B, cut to six digits. */
const RFC_SECRET = Buffer.from('12345678901234567890');
const at = (seconds: number) => new Date(seconds * 1_000);

describe('a code of the moment', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_234_567_890, '005924'],
    [20_000_000_000, '353130'],
  ])('at %i s is what the RFC says', (seconds, code) =>
    expect(matchedStep(RFC_SECRET, code, at(seconds))).toBe(Math.floor(seconds / 30)),
  );

  it('is taken from one step before to one behind, and tells its own step', () => {
    const code = '287082';
    expect([0, 30, 60, 89].map((seconds) => matchedStep(RFC_SECRET, code, at(seconds)))).toEqual([
      1, 1, 1, 1,
    ]);
    expect(matchedStep(RFC_SECRET, code, at(90))).toBeNull();
  });

  it('may be typed in two groups', () => expect(matchedStep(RFC_SECRET, '287 082', at(59))).toBe(1));

  it.each(['', '28708', '2870822', '28708x', '٢٨٧٠٨٢', '-87082', '287082\n1'])('is not %j', (code) =>
    expect(matchedStep(RFC_SECRET, code, at(59))).toBeNull(),
  );

  it('is what an app makes of the address in the picture', () => {
    const secret = generateTotpSecret();
    const { url, secret: typed } = enrolment(secret, 'maria@example.com');
    const parameters = new URL(url).searchParams;
    expect(Object.fromEntries(parameters)).toEqual({
      issuer: 'Mooring',
      secret: typed,
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
    const code = new TOTP({ secret: parameters.get('secret') ?? '' }).generate({ timestamp: 59_000 });
    expect(matchedStep(secret, code, at(59))).toBe(1);
  });
});

describe('a recovery code', () => {
  it('is one of ten that differ', () => {
    const codes = generateRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/);
  });

  it.each([
    ['7KXQ2-M9RWD', '7KXQ2M9RWD'],
    ['7kxq2m9rwd', '7KXQ2M9RWD'],
    [' 7KXQ2 M9RWD ', '7KXQ2M9RWD'],
    ['IlOo0-11111', '1100011111'],
  ])('typed as %j is %s', (typed, code) => expect(normalizedRecoveryCode(typed)).toBe(code));

  it.each(['', '123456', '7KXQ2-M9RW', '7KXQ2-M9RWDX', '7KXQ2-M9RWU'])('is not %j', (typed) =>
    expect(normalizedRecoveryCode(typed)).toBeNull(),
  );
});
