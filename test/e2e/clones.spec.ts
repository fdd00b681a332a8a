import { decodeJwt } from 'jose';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp({ settings: { TRUST_PROXY: '127.0.0.1' } });
});
afterAll(() => app.stop());

/** A panel that keeps the newest lease it has heard of. */
class Panel {
  constructor(
    readonly key: string,
    readonly hardware: string,
    public leaseId: string | undefined,
  ) {}

  /** A snapshot of the disk, started elsewhere: the same identity. */
  copy(): Panel {
    return new Panel(this.key, this.hardware, this.leaseId);
  }

  async phoneHome({ loseAnswer = false } = {}) {
    const answer = await app.panel(
      'validate',
      panelBody(this.key, this.hardware, { lease_id: this.leaseId }),
    );
    if (!loseAnswer && answer.body.valid) this.leaseId = decodeJwt(answer.body.lease).jti;
    return answer;
  }
}

async function install(policy: object = {}): Promise<{ panel: Panel; licenseId: string }> {
  const { key, license } = await app.sell({ policy });
  const hardware = hardwareId();
  const { body } = await app.panel('activate', panelBody(key, hardware));
  return { panel: new Panel(key, hardware, decodeJwt(body.lease).jti), licenseId: license.id };
}

const seat = async (licenseId: string) =>
  (await app.sql('select * from activations where license_id = $1 and released_at is null', [licenseId]))[0];
const suspicions = (licenseId: string) =>
  app.sql(
    `select e.*, p.data from audit_events e left join audit_personal p on p.event_id = e.id
     where action = 'activation.clone_suspected' and details->>'license_id' = $1`,
    [licenseId],
  );

it('flags two machines that alternate daily from one snapshot within three days', async () => {
  const { panel, licenseId } = await install();
  app.clock.advance({ days: 1 });
  await panel.phoneHome();
  const copy = panel.copy();
  let days = 0;
  while ((await seat(licenseId)).clone_suspected_at === null && days < 10) {
    app.clock.advance({ hours: 12 });
    await panel.phoneHome();
    app.clock.advance({ hours: 12 });
    await copy.phoneHome();
    days += 1;
  }
  expect(days).toBeLessThanOrEqual(3);
  expect(await suspicions(licenseId)).toMatchObject([
    { actor_type: 'panel', data: { address: '127.0.0.1', other_address: '127.0.0.1' } },
  ]);
});

it('tells where both machines are, also of a call that is not written down yet', async () => {
  const { panel, licenseId } = await install();
  await panel.phoneHome();
  const from = (address: string, leaseId: string | undefined) =>
    app.request('POST', '/api/v1/license/validate', {
      body: panelBody(panel.key, panel.hardware, { lease_id: leaseId }),
      headers: { 'x-forwarded-for': address },
    });
  expect((await from('198.51.100.1', panel.leaseId)).status).toBe(200);
  expect((await from('203.0.113.2', neverIssued())).status).toBe(200);
  expect(await suspicions(licenseId)).toMatchObject([
    { data: { address: '203.0.113.2', other_address: '198.51.100.1' } },
  ]);
});

it('never flags a panel that loses one answer in five over a year', async () => {
  const { panel, licenseId } = await install();
  let seed = 42;
  // A fixed sequence (a linear congruential generator): a failure can be run again.
  const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  let lost = 0;
  for (let day = 0; day < 365; day++) {
    app.clock.advance({ days: 1 });
    const loseAnswer = random() < 0.2;
    lost += Number(loseAnswer);
    expect((await panel.phoneHome({ loseAnswer })).status).toBe(200);
  }
  expect(lost).toBeGreaterThan(50);
  expect((await seat(licenseId)).clone_suspected_at).toBeNull();
  expect(await suspicions(licenseId)).toEqual([]);
});

it('voids the newer lease when the last presented one comes again, and issues another', async () => {
  const { panel } = await install();
  await panel.phoneHome();
  app.clock.advance({ days: 1 });
  const lost = decodeJwt((await panel.phoneHome({ loseAnswer: true })).body.lease).jti;
  await panel.phoneHome();
  expect(panel.leaseId).not.toBe(lost);
});

it('reports by default: the call is answered, and the seat is marked once', async () => {
  const { panel, licenseId } = await install();
  await panel.phoneHome();
  const nameless = new Panel(panel.key, panel.hardware, undefined);
  expect((await nameless.copy().phoneHome()).status).toBe(200);
  expect((await nameless.copy().phoneHome()).status).toBe(200);
  expect((await seat(licenseId)).clone_suspected_at).not.toBeNull();
  expect(await suspicions(licenseId)).toHaveLength(1);
});

it('refuses clones when the policy says so, and lets the genuine machine begin anew by activating', async () => {
  const { panel, licenseId } = await install({ on_clone: 'refuse' });
  await panel.phoneHome();
  const stranger = new Panel(panel.key, panel.hardware, neverIssued());
  expect(await stranger.phoneHome()).toMatchObject({ status: 403, body: { code: 'HARDWARE_MISMATCH' } });
  expect((await seat(licenseId)).clone_suspected_at).not.toBeNull();
  expect((await panel.phoneHome()).status).toBe(200);
  const again = await app.panel('activate', panelBody(panel.key, panel.hardware));
  expect(again.status).toBe(200);
  expect((await seat(licenseId)).presented_lease_id).toBeNull();
});

it('refuses to give back the seat of the genuine machine to a clone', async () => {
  const { panel, licenseId } = await install({ on_clone: 'refuse' });
  await panel.phoneHome();
  const body = panelBody(panel.key, panel.hardware, { lease_id: neverIssued() });
  expect((await app.panel('deactivate', body)).body.code).toBe('HARDWARE_MISMATCH');
  expect((await seat(licenseId)).clone_suspected_at).not.toBeNull();
  expect(await suspicions(licenseId)).toHaveLength(1);
  const own = panelBody(panel.key, panel.hardware, { lease_id: panel.leaseId });
  expect((await app.panel('deactivate', own)).body.deactivated).toBe(true);
});

it('does not let a move onto itself begin the chain anew', async () => {
  const { panel, licenseId } = await install();
  await panel.phoneHome();
  const body = panelBody(panel.key, panel.hardware, { previous_hardware_id: panel.hardware });
  expect((await app.panel('rebind', body)).status).toBe(200);
  expect((await seat(licenseId)).presented_lease_id).not.toBeNull();
  expect((await seat(licenseId)).clone_suspected_at).not.toBeNull();
});

it('does not suspect a machine that sends its move again with the lease of the old one', async () => {
  const { panel, licenseId } = await install();
  await panel.phoneHome();
  const body = panelBody(panel.key, hardwareId(), {
    previous_hardware_id: panel.hardware,
    lease_id: panel.leaseId,
  });
  const moved = await app.panel('rebind', body);
  const again = await app.panel('rebind', body);
  expect(again.body.lease).toBe(moved.body.lease);
  expect((await seat(licenseId)).clone_suspected_at).toBeNull();
});

it('does not suspect a panel that never sends lease ids', async () => {
  const { panel, licenseId } = await install();
  panel.leaseId = undefined;
  for (let day = 0; day < 3; day++) {
    app.clock.advance({ days: 1 });
    await new Panel(panel.key, panel.hardware, undefined).phoneHome();
  }
  expect((await seat(licenseId)).clone_suspected_at).toBeNull();
});

/** The id of a lease that was never issued. */
function neverIssued(): string {
  return '0190a000-0000-7000-8000-000000000000';
}
