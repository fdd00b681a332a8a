import { EVENT_TYPES } from '../../src/domain/event-types.js';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { subscribe } from '../setup/deliveries.js';
import { Receiver } from '../setup/receiver.js';
import { draft } from '../setup/releases.js';

let app: TestApp;
let receiver: Receiver;

beforeAll(async () => {
  app = await startApp({ settings: { WEBHOOKS_ALLOW_PRIVATE: 'true' } });
  // One that takes everything: months pass in these tests, after which one that fails is no longer told anything.
  receiver = await Receiver.start();
  await subscribe(app, receiver.url, ['*']);
});
afterAll(async () => {
  await app.stop();
  await receiver.stop();
});

interface Outgoing {
  readonly id: string;
  readonly type: string;
  readonly data: any;
}

/** What `work` puts into the outbox. */
async function toldBy(work: () => Promise<unknown>): Promise<Outgoing[]> {
  const known = (await app.sql('select id from events')).map(({ id }) => id);
  await work();
  return app.sql('select id, type, data from events where id <> all($1) order by id', [known]);
}

const typesOf = (events: readonly Outgoing[]) => events.map(({ type }) => type);

/** The seat as an admin sees it, and whose it is. */
async function seatBody(licenseId: string, seatId: string): Promise<any> {
  const seats = await app.must('GET', `/licenses/${licenseId}/activations?released=true`);
  return { license_id: licenseId, ...seats.find(({ id }: any) => id === seatId) };
}

describe('a license', () => {
  it('is told whole when it is made, once for each, and never with its key', async () => {
    const { product, policy } = await app.sell();
    let made: any[] = [];
    const events = await toldBy(async () => {
      made = await app.must('POST', '/licenses', {
        product: product.code,
        policy: policy.code,
        quantity: 3,
        metadata: { order: 7 },
      });
    });
    expect(typesOf(events)).toEqual(Array(3).fill('license.created'));
    const shown = await Promise.all(made.map(({ id }) => app.must('GET', `/licenses/${id}`)));
    expect(events.map(({ data }) => data)).toEqual(shown);
    for (const { key } of made) expect(JSON.stringify(events)).not.toContain(key);
  });

  it.each([
    ['updated', 'PATCH', '', { max_activations: 9 }],
    ['renewed', 'POST', '/renew', { days: 30 }],
    ['key_rotated', 'POST', '/rotate-key', { overlap_hours: 2 }],
    ['suspended', 'POST', '/suspend', { reason: 'unpaid' }],
    ['revoked', 'POST', '/revoke', {}],
  ])('that is %s is told as it is then', async (verb, method, path, body) => {
    const { license } = await app.sell({ license: { expires_at: '2028-01-01T00:00:00Z' } });
    let answer: any;
    const events = await toldBy(async () => {
      answer = await app.must(method, `/licenses/${license.id}${path}`, body);
    });
    expect(typesOf(events)).toEqual([`license.${verb}`]);
    expect(events[0]?.data).toEqual(await app.must('GET', `/licenses/${license.id}`));
    expect(JSON.stringify(events)).not.toContain(license.key);
    // The masked key is told, the one that was just drawn is not.
    expect(answer.key === events[0]?.data.key).toBe(verb !== 'key_rotated');
  });

  it('that is reinstated is told', async () => {
    const { license } = await app.sell();
    await app.must('POST', `/licenses/${license.id}/suspend`);
    const events = await toldBy(() => app.must('POST', `/licenses/${license.id}/reinstate`));
    expect(typesOf(events)).toEqual(['license.reinstated']);
  });

  it('is not told of where nothing came of the change', async () => {
    const { license } = await app.sell();
    const events = await toldBy(async () => {
      await app.admin('POST', `/licenses/${license.id}/reinstate`);
      await app.admin('PATCH', `/licenses/${license.id}`, { max_activations: 1 });
      await app.admin('PATCH', `/licenses/${license.id}`, { max_activations: 0 });
      await app.admin('POST', '/licenses', { product: 'none', policy: 'none' });
      await app.admin('POST', `/licenses/${license.id}/renew`, { days: 1 });
    });
    expect(events).toEqual([]);
  });

  it('is not told of when its transaction is rolled back', async () => {
    const { license } = await app.sell();
    await app.sql(`create function refuse_audit() returns trigger language plpgsql as
      $$ begin raise exception 'no room'; end $$`);
    await app.sql(`create constraint trigger refuse_audit after insert on audit_unsealed deferrable initially deferred
      for each row execute function refuse_audit()`);
    const events = await toldBy(async () => {
      expect((await app.admin('POST', `/licenses/${license.id}/suspend`)).status).toBe(500);
    });
    await app.sql('drop trigger refuse_audit on audit_unsealed');
    await app.sql('drop function refuse_audit()');
    expect(events).toEqual([]);
    expect((await app.must('GET', `/licenses/${license.id}`)).status).toBe('active');
  });
});

describe('a seat', () => {
  it('is told when it is taken, moved and given back', async () => {
    const { license, key } = await app.sell();
    const [old, next] = [hardwareId(), hardwareId()];
    const taken = await toldBy(() =>
      app.panel('activate', panelBody(key, old, { hostname: 'panel-1', usage: { accounts: 3 } })),
    );
    expect(typesOf(taken)).toEqual(['activation.created']);
    expect(taken[0]?.data).toEqual(await seatBody(license.id, taken[0]?.data.id));
    expect(taken[0]?.data).toMatchObject({ hardware_id: old, hostname: 'panel-1', usage: { accounts: 3 } });

    const again = await toldBy(async () => {
      await app.panel('activate', panelBody(key, old));
      await app.panel('validate', panelBody(key, old));
    });
    expect(again).toEqual([]);

    const moved = await toldBy(() =>
      app.panel('rebind', panelBody(key, next, { previous_hardware_id: old })),
    );
    expect(typesOf(moved)).toEqual(['activation.released', 'activation.rebound']);
    expect(moved[0]?.data).toMatchObject({ id: taken[0]?.data.id, release_reason: 'rebound' });
    expect(moved[1]?.data).toEqual(await seatBody(license.id, moved[1]?.data.id));
    expect(moved[1]?.data).toMatchObject({ hardware_id: next, moved_from_hardware_id: old });

    const freed = await toldBy(() => app.panel('deactivate', panelBody(key, next)));
    expect(typesOf(freed)).toEqual(['activation.released']);
    expect(freed[0]?.data).toEqual(await seatBody(license.id, moved[1]?.data.id));
    for (const events of [taken, moved, freed]) expect(JSON.stringify(events)).not.toContain(key);
  });

  it('is told when an admin takes or frees it', async () => {
    const { license } = await app.sell({ license: { max_activations: 3 } });
    const path = `/licenses/${license.id}/activations`;
    const offline = { version: '1.0.0', valid_days: 30 };
    const taken = await toldBy(async () => {
      for (let count = 0; count < 3; count++) {
        await app.must('POST', path, { ...offline, hardware_id: hardwareId() });
      }
    });
    expect(typesOf(taken)).toEqual(Array(3).fill('activation.created'));
    expect(taken[0]?.data).toEqual(await seatBody(license.id, taken[0]?.data.id));
    const kept = await toldBy(() =>
      app.must('POST', path, { ...offline, hardware_id: taken[0]?.data.hardware_id }),
    );
    expect(kept).toEqual([]);
    const freed = await toldBy(() => app.must('DELETE', `${path}/${taken[0]?.data.id}`));
    expect(freed.map(({ type, data }) => [type, data.release_reason])).toEqual([
      ['activation.released', 'admin'],
    ]);
    const reset = await toldBy(() => app.must('DELETE', path));
    expect(reset.map(({ type, data }) => [type, data.release_reason])).toEqual([
      ['activation.released', 'reset'],
      ['activation.released', 'reset'],
    ]);
  });

  it('that two machines share is told once', async () => {
    const { license, key } = await app.sell();
    const hardware = hardwareId();
    const { body } = await app.panel('activate', panelBody(key, hardware));
    const leaseId = JSON.parse(Buffer.from(body.lease.split('.')[1], 'base64url').toString()).jti;
    app.clock.advance({ hours: 25 });
    await app.panel('validate', panelBody(key, hardware, { lease_id: leaseId }));
    const events = await toldBy(async () => {
      await app.panel('validate', panelBody(key, hardware));
      await app.panel('validate', panelBody(key, hardware));
    });
    expect(typesOf(events)).toEqual(['activation.clone_suspected']);
    expect(events[0]?.data).toEqual(await seatBody(license.id, events[0]?.data.id));
    expect(events[0]?.data.clone_suspected_at).toBe(app.clock.now().toISOString());
  });

  it('that is refused is told at most once for a license, code and hour', async () => {
    app.clock.set('2027-06-01T10:59:00.000Z');
    const { license, key } = await app.sell();
    await app.panel('activate', panelBody(key, hardwareId()));
    const shown = await app.must('GET', `/licenses/${license.id}`);
    const refuse = async (action: 'activate' | 'deactivate' = 'activate') =>
      expect((await app.panel(action, panelBody(key, hardwareId()))).status).toBe(403);
    const hardware = hardwareId();
    const first = await toldBy(async () => {
      await app.panel('activate', panelBody(key, hardware));
      await Promise.all([refuse(), refuse(), refuse()]);
    });
    expect(typesOf(first)).toEqual(['activation.refused']);
    expect(first[0]?.data).toEqual({
      license_id: license.id,
      action: 'activate',
      code: 'MAX_ACTIVATIONS',
      error: 'Maximum number of activations reached',
      hardware_id: hardware,
      version: '1.0.0',
      license: expect.objectContaining({ id: license.id, key: shown.key }),
    });
    expect(JSON.stringify(first)).not.toContain(key);
    expect((await toldBy(() => refuse('deactivate'))).map(({ data }) => data.code)).toEqual([
      'HARDWARE_MISMATCH',
    ]);
    app.clock.advance({ seconds: 60 });
    expect(await toldBy(refuse)).toHaveLength(1);
    const offline = { hardware_id: hardwareId(), version: '1.0.0', valid_days: 1 };
    const path = `/licenses/${license.id}/activations`;
    expect(await toldBy(() => app.admin('POST', path, offline))).toEqual([]);
    const audit = await app.sql(
      `select 1 from audit_events where action = 'activation.refused' and subject_id = $1`,
      [license.id],
    );
    expect(audit).toHaveLength(7);
  });
});

describe('a version', () => {
  it('is told when it is published and when it is yanked', async () => {
    const { product } = await app.sell();
    let id = '';
    const drafted = await toldBy(async () => {
      ({ id } = await draft(app, product, { version: '1.0.0', changelog: 'Faster.' }));
      await app.must('PATCH', `/versions/${id}`, { mandatory: true });
    });
    expect(drafted).toEqual([]);
    for (const [verb, past] of [
      ['publish', 'published'],
      ['yank', 'yanked'],
    ] as const) {
      const events = await toldBy(() => app.must('POST', `/versions/${id}/${verb}`));
      expect(typesOf(events)).toEqual([`version.${past}`]);
      expect(events[0]?.data).toEqual(await app.must('GET', `/versions/${id}`));
      expect(await toldBy(() => app.admin('POST', `/versions/${id}/${verb}`))).toEqual([]);
    }
  });
});

describe('the outbox', () => {
  it('keeps nothing that no enabled subscription wants', async () => {
    const silent = await startApp();
    const types = async () =>
      (await silent.sql('select type from events order by id')).map(({ type }) => type);
    const { license, key } = await silent.sell();
    await silent.panel('activate', panelBody(key, hardwareId()));
    await silent.panel('activate', panelBody(key, hardwareId()));
    await subscribe(silent, 'https://example.invalid/', ['*'], { enabled: false });
    await subscribe(silent, 'https://example.invalid/', ['license.suspended']);
    await silent.must('POST', `/licenses/${license.id}/suspend`);
    await silent.must('POST', `/licenses/${license.id}/reinstate`);
    expect(await types()).toEqual(['license.suspended']);
    expect(await silent.sql('select * from refusal_notices')).toEqual([]);
    await silent.stop();
  });

  it('knows every event by its name', async () => {
    const types = await app.sql('select distinct type from events');
    for (const { type } of types) expect(EVENT_TYPES).toContain(type);
  });
});
