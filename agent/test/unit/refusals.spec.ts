import { VERDICTS } from '../../../src/domain/verdicts.js';
import { REFUSALS, refusalSentence } from '../../src/domain/refusals.js';

describe('the sentence for a refusal', () => {
  it("is the service's own for every code that it knows", () => {
    const own = Object.entries(REFUSALS).map(([code, { error }]) => [code, error]);
    expect(own).toEqual(Object.entries(VERDICTS).map(([code, { error }]) => [code, error]));
  });

  it('is not what was said beside the code, unless the code is new', () => {
    expect(refusalSentence('REVOKED', 'Pay at http://evil.example')).toBe('License has been revoked');
    expect(refusalSentence('MOON_FULL', 'The moon is full')).toBe('The moon is full');
  });
});
