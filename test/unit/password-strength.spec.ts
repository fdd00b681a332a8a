import { isGuessable } from '../../src/access/password-strength.js';

const NAMES = ['maria.lopez', 'maria@customer.example'];

describe('a password', () => {
  it.each([
    'password1234',
    'Password1234!',
    'P@$$w0rd2027!',
    'qwertyuiop12',
    'aaaaaaaaaaaaaaaaaaaa',
    'abcabcabcabcabc',
    'maria.lopez1',
    'lopezmaria12',
    'Customer2027',
    'mooringmooring',
    'mooring-mooring',
    'Maria2026Maria',
    'MARIA!lopez!2026',
  ])('%j is too easy to guess', async (password) => expect(await isGuessable(password, NAMES)).toBe(true));

  it.each([
    'correct horse battery staple',
    'seven lazy otters reading maps',
    'xkvqpzrtmwlj',
    'ünïcödé passwört',
    'Hq7vT2mXc9LdR4wZ8sKb',
    'maria xkvqpzrtmwlj',
    'correct horse mooring battery staple',
  ])('%j is not', async (password) => expect(await isGuessable(password, NAMES)).toBe(false));

  it('is judged quickly however it is made: the service stands still meanwhile', async () => {
    await isGuessable('once', []);
    const started = process.cpuUsage();
    for (const piece of ['4@8({[</\\369&#!1|0$+7%2', 'aB3', '@@@@4444aaaa']) {
      await isGuessable(piece.repeat(100).slice(0, 256), NAMES);
    }
    // Without the bounds each of these takes a third of a second or more. Time that the machine gave to others is not counted.
    expect(process.cpuUsage(started).user).toBeLessThan(600_000);
  });
});
