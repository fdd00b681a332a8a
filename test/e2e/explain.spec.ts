import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const ask = (license: { id: string }, body: object) =>
  app.admin('POST', `/licenses/${license.id}/explain`, { version: '1.0.0', ...body });

/** Every row that the service keeps, apart from who used which key when. */
const everything = async () =>
  JSON.stringify(
    await Promise.all(
      ['products', 'policies', 'licenses', 'license_keys', 'activations', 'rebinds', 'audit_events'].map(
        (table) => app.sql(`select to_jsonb(t) as row from ${table} t order by 1`),
      ),
    ),
  );

const ALL_RULES = [
  'INVALID_KEY',
  'REVOKED',
  'SUSPENDED',
  'EXPIRED',
  'VERSION_TOO_LOW',
  'UPDATES_EXPIRED',
  'HARDWARE_MISMATCH',
  'MAX_ACTIVATIONS',
];

describe('explain', () => {
  it('tells what activate would answer, rule by rule', async () => {
    const { product, license } = await app.sell({ license: { minimum_version: '1.0.0' } });
    const { status, body } = await ask(license, { action: 'activate', hardware_id: hardwareId() });
    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      data: {
        verdict: 'VALID',
        trace: [
          {
            rule: 'INVALID_KEY',
            passed: true,
            because: `The key belongs to a license of product '${product.code}'.`,
          },
          { rule: 'REVOKED', passed: true, because: 'The license is not revoked.' },
          { rule: 'SUSPENDED', passed: true, because: 'The license is not suspended.' },
          { rule: 'EXPIRED', passed: true, because: 'The license never expires.' },
          { rule: 'VERSION_TOO_LOW', passed: true, because: 'Version 1.0.0 is not below the minimum 1.0.0.' },
          {
            rule: 'UPDATES_EXPIRED',
            passed: true,
            because: 'This version was never published as a release.',
          },
          { rule: 'HARDWARE_MISMATCH', passed: true, because: 'The hardware is not on the blocklist.' },
          { rule: 'MAX_ACTIVATIONS', passed: true, because: '0 of 1 seats are in use.' },
        ],
      },
    });
  });

  it('goes on past the first failure', async () => {
    const { license, key } = await app.sell({ license: { minimum_version: '1.0.0' } });
    await app.panel('activate', panelBody(key, hardwareId()));
    await app.must('PATCH', `/licenses/${license.id}`, { expires_at: '2027-01-01T00:00:00Z' });
    await app.must('POST', `/licenses/${license.id}/suspend`);
    const { body } = await ask(license, {
      action: 'activate',
      hardware_id: hardwareId(),
      version: '1.0.0-rc.1',
    });
    expect(body.data.verdict).toBe('SUSPENDED');
    expect(body.data.trace.map(({ rule }: any) => rule)).toEqual(ALL_RULES);
    const failed = body.data.trace.filter(({ passed }: any) => !passed);
    expect(failed).toEqual([
      { rule: 'SUSPENDED', passed: false, because: 'The license is suspended.' },
      { rule: 'EXPIRED', passed: false, because: 'The license expired at 2027-01-01T00:00:00.000Z.' },
      {
        rule: 'VERSION_TOO_LOW',
        passed: false,
        because: 'Version 1.0.0-rc.1 is below the minimum 1.0.0.',
      },
      { rule: 'MAX_ACTIVATIONS', passed: false, because: '1 of 1 seats are in use.' },
    ]);
  });

  it.each([
    ['activate', ALL_RULES],
    ['validate', ALL_RULES.slice(0, 7)],
    ['deactivate', ['INVALID_KEY', 'REVOKED', 'HARDWARE_MISMATCH']],
    ['rebind', ALL_RULES],
    ['update', ['INVALID_KEY', 'REVOKED', 'SUSPENDED', 'EXPIRED', 'HARDWARE_MISMATCH']],
    ['install', ['INVALID_KEY', 'REVOKED', 'SUSPENDED', 'EXPIRED']],
  ])('of %s has one entry for each rule that it uses', async (action, rules) => {
    const { license } = await app.sell();
    const more = action === 'rebind' ? { previous_hardware_id: hardwareId() } : {};
    const { body } = await ask(license, { action, hardware_id: hardwareId(), ...more });
    expect(body.data.trace.map(({ rule }: any) => rule)).toEqual(rules);
  });

  it('says before each call what the call then answers', async () => {
    const { license, key } = await app.sell({ policy: { rebind_quota: 1 } });
    const [a, b, c] = [hardwareId(), hardwareId(), hardwareId()];
    const explained = async (action: string, hardware_id: string, previous_hardware_id?: string) =>
      (await ask(license, { action, hardware_id, previous_hardware_id })).body.data.verdict;
    const answered = async (
      action: 'activate' | 'validate' | 'deactivate' | 'rebind',
      hardware: string,
      more = {},
    ) => (await app.panel(action, panelBody(key, hardware, more))).body.code ?? 'VALID';
    const steps = [
      ['validate', a],
      ['activate', a.toUpperCase()],
      ['activate', a],
      ['activate', b],
      ['deactivate', b],
      ['rebind', b, c],
      ['rebind', b, a],
      ['rebind', b, a],
      ['rebind', c, b],
      ['validate', a],
      ['deactivate', b],
      ['validate', b],
    ] as const;
    const seen = [];
    for (const [action, hardware, from] of steps) {
      const foretold = await explained(action, hardware, from);
      seen.push(foretold);
      const more = from === undefined ? {} : { previous_hardware_id: from };
      expect([action, await answered(action, hardware, more)]).toEqual([action, foretold]);
    }
    expect(new Set(seen)).toEqual(new Set(['VALID', 'HARDWARE_MISMATCH', 'MAX_ACTIVATIONS']));
  });

  it('judges any moment, the future included', async () => {
    const { license, key } = await app.sell({
      policy: { duration_days: 30, release_seat_after_days: 10 },
    });
    const holder = hardwareId();
    await app.panel('activate', panelBody(key, holder));
    const at = async (day: string, action = 'activate') =>
      (await ask(license, { action, hardware_id: hardwareId(), at: `${day}T12:00:00Z` })).body.data;
    expect((await at('2027-03-10')).verdict).toBe('MAX_ACTIVATIONS');
    const freed = await at('2027-03-11');
    expect(freed.verdict).toBe('VALID');
    expect(freed.trace.at(-1).because).toContain('1 of them unseen for so long');
    expect((await at('2027-03-31')).verdict).toBe('EXPIRED');
    expect((await at('2099-01-01', 'install')).verdict).toBe('EXPIRED');
    const answer = await ask(license, {
      action: 'validate',
      hardware_id: holder,
      at: '2027-03-30T23:00:00+12:00',
    });
    expect(answer.body.data.verdict).toBe('VALID');
  });

  it('changes nothing', async () => {
    const { license, key } = await app.sell({ policy: { release_seat_after_days: 1 } });
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    const before = await everything();
    for (const action of ['activate', 'validate', 'deactivate', 'update', 'install']) {
      await ask(license, { action, hardware_id: hardwareId(), at: '2028-01-01T00:00:00Z' });
      await ask(license, { action, hardware_id: hardware });
    }
    await ask(license, { action: 'rebind', hardware_id: hardwareId(), previous_hardware_id: hardware });
    expect(await everything()).toBe(before);
  });

  it('needs to read licenses, and no more', async () => {
    const { license } = await app.sell();
    const statusWith = async (permissions: string[]) => {
      const { key } = await app.must('POST', '/api-keys', { name: 'Support', permissions });
      const { status } = await app.request('POST', `/api/v1/admin/licenses/${license.id}/explain`, {
        body: { action: 'validate', hardware_id: hardwareId(), version: '1.0.0' },
        headers: { 'x-admin-key': key },
      });
      return status;
    };
    expect(await statusWith(['licenses:read'])).toBe(200);
    expect(await statusWith(['products:write'])).toBe(403);
  });

  it.each([
    [{ action: undefined }, { action: ['The action field is required.'] }],
    [{ action: 'destroy' }, { action: ['The selected action is invalid.'] }],
    [{ hardware_id: 'x' }, { hardware_id: ['The hardware id field must be 64 characters.'] }],
    [{ version: 'one' }, { version: ['The version field must be a valid version.'] }],
    [{ at: 'now' }, { at: ['The at field must be a valid date.'] }],
    [{ action: 'rebind' }, { previous_hardware_id: ['The previous hardware id field is required.'] }],
    [
      { previous_hardware_id: 'a'.repeat(64) },
      { previous_hardware_id: ['The previous hardware id field is prohibited.'] },
    ],
  ])('refuses %j', async (change, details) => {
    const { license } = await app.sell();
    const { status, body } = await ask(license, { action: 'validate', hardware_id: hardwareId(), ...change });
    expect([status, body.details]).toEqual([422, details]);
  });
});
