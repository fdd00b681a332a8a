import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const events = (subjectId: string) =>
  app.sql('select * from audit_events where subject_id = $1 order by id', [subjectId]);
const path = (license: { id: string }, more = '') => `/licenses/${license.id}/activations${more}`;
const listed = async (license: { id: string }, query = '') =>
  (await app.admin('GET', path(license, query))).body;

/** A license with that many seats, all of them taken. */
const inUse = async (seats: number, policy: object = {}) => {
  const sold = await app.sell({ license: { max_activations: seats }, policy });
  const machines = Array.from({ length: seats }, hardwareId);
  for (const machine of machines) {
    await app.panel('activate', panelBody(sold.key, machine, { hostname: `host-${machine.slice(0, 4)}` }));
    app.clock.advance({ seconds: 1 });
  }
  return { ...sold, machines };
};
const codeOf = async (key: string, machine: string) =>
  (await app.panel('validate', panelBody(key, machine))).body.code ?? 'VALID';

describe('the activations of a license', () => {
  it('are listed with what their panels told, the newest first', async () => {
    const { license, key } = await app.sell({ license: { max_activations: 2 } });
    const [first, second] = [hardwareId(), hardwareId()];
    const more = { hostname: 'web1', platform: 'linux', arch: 'x64', usage: { accounts: 3 } };
    await app.panel('activate', panelBody(key, first, more));
    const activated_at = app.clock.now().toISOString();
    app.clock.advance({ seconds: 1 });
    await app.panel('activate', panelBody(key, second));
    const { data, meta } = await listed(license);
    expect(meta).toEqual({ total: 2, per_page: 50, current_page: 1, last_page: 1 });
    expect(data.map((seat: any) => seat.hardware_id)).toEqual([second, first]);
    expect(data[1]).toEqual({
      id: expect.any(String),
      hardware_id: first,
      ...more,
      version: '1.0.0',
      last_seen_ip: expect.stringMatching(/127\.0\.0\.1$/),
      activated_at,
      last_seen_at: activated_at,
      offline_until: null,
      clone_suspected_at: null,
      moved_from_hardware_id: null,
      released_at: null,
      release_reason: null,
      check_in: {
        refresh_after: expect.any(String),
        valid_until: expect.any(String),
        grace_until: expect.any(String),
      },
    });
  });

  it('are filtered, searched, sorted and paged', async () => {
    const { license, machines } = await inUse(3);
    const [a = '', b, c] = machines;
    const ids = async (query: string) =>
      (await listed(license, query)).data.map((seat: any) => seat.hardware_id);
    expect(await ids('?sort=activated_at&per_page=2')).toEqual([a, b]);
    expect(await ids('?sort=last_seen_at&per_page=2&page=2')).toEqual([c]);
    expect(await ids(`?hardware_id=${a.toUpperCase()}`)).toEqual([a]);
    expect(await ids(`?q=HOST-${a.slice(0, 4)}`)).toEqual([a]);
    expect(await ids('?version=2.0.0')).toEqual([]);
    expect((await app.admin('GET', path(license, '?colour=red'))).status).toBe(422);
    expect((await app.admin('GET', path(license, '?released=maybe'))).body.details).toEqual({
      released: ['The released field must be true or false.'],
    });
  });

  it('are the active ones, unless those released are asked for', async () => {
    const { license, key, machines } = await inUse(2);
    const [a = '', b = ''] = machines;
    await app.panel('deactivate', panelBody(key, a));
    const released_at = app.clock.now().toISOString();
    expect((await listed(license)).data.map((seat: any) => seat.hardware_id)).toEqual([b]);
    const { data, meta } = await listed(license, '?released=true&sort=activated_at');
    expect(meta.total).toBe(2);
    expect(data).toMatchObject([
      { hardware_id: a, released_at, release_reason: 'deactivated' },
      { hardware_id: b, released_at: null, release_reason: null },
    ]);
  });

  it('are those of that license alone', async () => {
    await inUse(1);
    const { license } = await app.sell();
    expect((await listed(license)).data).toEqual([]);
  });
});

describe('releasing a seat', () => {
  it('refuses its panel from the next call on, and frees the place', async () => {
    const { license, key, machines } = await inUse(1);
    const [machine = ''] = machines;
    const [seat] = (await listed(license)).data;
    const { status, body } = await app.admin('DELETE', path(license, `/${seat.id}`));
    expect([status, body]).toEqual([
      200,
      {
        success: true,
        data: { ...seat, released_at: app.clock.now().toISOString(), release_reason: 'admin' },
      },
    ]);
    expect(await codeOf(key, machine)).toBe('HARDWARE_MISMATCH');
    expect((await app.panel('activate', panelBody(key, hardwareId()))).status).toBe(201);
    expect((await events(seat.id)).at(-1)).toMatchObject({
      action: 'activation.released',
      actor_type: 'api_key',
      details: { license_id: license.id, hardware_id: machine, reason: 'admin' },
    });
  });

  it('is not found for a seat that is released, of another license, or none', async () => {
    const { license } = await inUse(1);
    const other = await inUse(1);
    const [seat] = (await listed(license)).data;
    const [foreign] = (await listed(other.license)).data;
    await app.must('DELETE', path(license, `/${seat.id}`));
    for (const id of [seat.id, foreign.id, 'x', license.id]) {
      const { status, body } = await app.admin('DELETE', path(license, `/${id}`));
      expect([status, body]).toEqual([
        404,
        { success: false, error: 'Activation not found', code: 'NOT_FOUND' },
      ]);
    }
    expect((await listed(other.license)).meta.total).toBe(1);
  });

  it('happens once when ten ask for it at once', async () => {
    const { license } = await inUse(1);
    const [seat] = (await listed(license)).data;
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => app.admin('DELETE', path(license, `/${seat.id}`))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([
      200,
      ...Array.from({ length: 9 }, () => 404),
    ]);
    const released = (await events(seat.id)).filter(({ action }) => action === 'activation.released');
    expect(released).toHaveLength(1);
  });
});

describe('resetting a license', () => {
  it('frees every seat', async () => {
    const { license, key, machines } = await inUse(3);
    const { status, body } = await app.admin('DELETE', path(license));
    expect([status, body]).toEqual([200, { success: true, data: { released: 3 } }]);
    for (const machine of machines) expect(await codeOf(key, machine)).toBe('HARDWARE_MISMATCH');
    const { data } = await listed(license, '?released=true');
    expect(data.map((seat: any) => seat.release_reason)).toEqual(['reset', 'reset', 'reset']);
    for (const { id } of data) {
      expect((await events(id)).at(-1)).toMatchObject({
        action: 'activation.released',
        details: { reason: 'reset' },
      });
    }
    expect((await app.admin('DELETE', path(license))).body.data).toEqual({ released: 0 });
  });
});
