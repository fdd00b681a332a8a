import { hardwareId, startApp, type TestApp } from '../setup/app.js';
import { askToken, checkUpdate, install, release } from '../setup/releases.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

describe('the license rules', () => {
  const CASES: [string, (world: Awaited<ReturnType<typeof install>>) => Promise<object>][] = [
    ['an unknown key', async ({ asks }) => ({ ...asks, license_key: 'NO-SUCH-KEY' })],
    ['hardware without a seat', async ({ asks }) => ({ ...asks, hardware_id: hardwareId() })],
    [
      'blocked hardware',
      async ({ asks, hardware }) => {
        await app.must('POST', '/blocklist', { hardware_id: hardware });
        return asks;
      },
    ],
    [
      'a revoked license',
      async ({ asks, license }) => {
        await app.must('POST', `/licenses/${license.id}/revoke`);
        return asks;
      },
    ],
    [
      'a suspended license',
      async ({ asks, license }) => {
        await app.must('POST', `/licenses/${license.id}/suspend`);
        return asks;
      },
    ],
    [
      'an expired license',
      async ({ asks, license }) => {
        await app.must('PATCH', `/licenses/${license.id}`, { expires_at: app.clock.now().toISOString() });
        return asks;
      },
    ],
  ];

  it.each(CASES)('refuse %s in the same words everywhere', async (_, arrange) => {
    const world = await install(app);
    await release(app, world.product, { version: '1.1.0' });
    const asks = await arrange(world);
    for (const answer of [await checkUpdate(app, asks), await askToken(app, asks)]) {
      expect([answer.status, answer.body]).toEqual([401, { error: 'Invalid license' }]);
    }
    expect(await app.sql('select 1 from download_tokens where license_id = $1', [world.license.id])).toEqual(
      [],
    );
  });
});

describe('what is sent', () => {
  it.each([
    ['no license key', { license_key: undefined }, 'The license key field is required.'],
    ['no hardware id', { hardware_id: undefined }, 'The hardware id field is required.'],
    ['two faults', { hardware_id: null, channel: 'nightly' }, 'The hardware id field is required.'],
    ['a short hardware id', { hardware_id: 'a'.repeat(63) }, 'The hardware id field must be 64 characters.'],
    ['no version', { current_version: undefined }, 'The current version field is required.'],
    [
      'a version that is none',
      { current_version: 'v1' },
      'The current version field must be a valid version.',
    ],
    ['an unknown channel', { channel: 'nightly' }, 'The selected channel is invalid.'],
    ['an unknown field', { colour: 'red' }, 'The colour field is prohibited.'],
  ])('%s is refused in one bare sentence', async (_, change, error) => {
    const { asks } = await install(app);
    for (const ask of [checkUpdate, askToken]) {
      const { status, body } = await ask(app, { ...asks, ...change });
      expect([status, body]).toEqual([422, { error }]);
    }
  });

  it('takes a version for a token only', async () => {
    const { asks } = await install(app);
    const { body } = await checkUpdate(app, { ...asks, version: '1.1.0' });
    expect(body).toEqual({ error: 'The version field is prohibited.' });
    expect((await askToken(app, { ...asks, version: 'x' })).body).toEqual({
      error: 'The version field must be a valid version.',
    });
  });
});
