import { plainJson, plainText } from '../../src/plain-text.js';

const HOSTILE = 'a\u001b[2Jb\u009b31mc\u202Ed\u{E0041}e\rf\u0000';

it('keeps words, lines and tabs, and nothing that steers a terminal', () => {
  expect(plainText(HOSTILE)).toBe('a\uFFFD[2Jb\uFFFD31mc\uFFFDd\uFFFDe\uFFFDf\uFFFD');
  expect(plainText('Größe\t日本 🚀\r\n- one\n')).toBe('Größe\t日本 🚀\n- one\n');
});

it('spells such characters out in JSON, which still says the same', () => {
  const json = plainJson(JSON.stringify({ changelog: `${HOSTILE}\n🚀` }, null, 2));
  expect(json.replaceAll('\n', '')).not.toMatch(/\p{C}/u);
  expect(JSON.parse(json)).toEqual({ changelog: `${HOSTILE}\n🚀` });
});
