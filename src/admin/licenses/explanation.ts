import { VERDICTS, type LicenseCode } from '../../domain/verdicts.js';
import { choice, flag, list, object, resource, text } from '../../http/shapes.js';

const CODES = Object.keys(VERDICTS) as LicenseCode[];

export const EXPLANATION = resource('Explanation', {
  verdict: choice(['VALID', ...CODES], { description: '`VALID`, or the first rule that fails.' }),
  trace: list(
    object({
      rule: choice(CODES),
      passed: flag({ example: true }),
      because: text({ example: 'The key is known.' }),
    }),
    { description: 'Each rule that the action uses, in order.' },
  ),
});
