import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const block = (hardware_id: string, reason?: string) =>
  app.must('POST', '/blocklist', { hardware_id, reason });
const events = (subjectId: string) =>
  app.sql(
    `select e.action, e.details, p.data from audit_events e left join audit_personal p on p.event_id = e.id
      where e.subject_id = $1 order by e.id`,
    [subjectId],
  );

describe('blocked hardware', () => {
  it('is stored in lower case and listed', async () => {
    const hardware = hardwareId();
    const { status, body } = await app.admin('POST', '/blocklist', {
      hardware_id: hardware.toUpperCase(),
      reason: 'Stolen',
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      success: true,
      data: {
        id: expect.any(String),
        hardware_id: hardware,
        reason: 'Stolen',
        created_at: '2027-03-01T12:00:00.000Z',
        updated_at: '2027-03-01T12:00:00.000Z',
      },
    });
    expect((await app.admin('GET', `/blocklist/${body.data.id}`)).body).toEqual(body);
    for (const query of [`hardware_id=${hardware.toUpperCase()}`, `q=${hardware.slice(3, 20)}`]) {
      expect((await app.admin('GET', `/blocklist?${query}`)).body.data).toEqual([body.data]);
    }
  });

  it('is refused by every license from the next call on, until it is taken off', async () => {
    const { key } = await app.sell();
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    const entry = await block(hardware);
    for (const action of ['activate', 'validate', 'deactivate'] as const) {
      expect((await app.panel(action, panelBody(key, hardware))).body.code).toBe('HARDWARE_MISMATCH');
    }
    await app.must('DELETE', `/blocklist/${entry.id}`);
    expect((await app.panel('validate', panelBody(key, hardware))).status).toBe(200);
  });

  it('is there once, whatever its case and however many ask at once', async () => {
    const hardware = hardwareId();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        app.admin('POST', '/blocklist', { hardware_id: i % 2 ? hardware : hardware.toUpperCase() }),
      ),
    );
    const refused = answers.filter(({ status }) => status === 409);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(refused).toHaveLength(9);
    expect(refused[0]?.body).toEqual({
      success: false,
      error: 'The hardware id has already been taken.',
      code: 'CONFLICT',
      details: { hardware_id: ['The hardware id has already been taken.'] },
    });
  });

  it('keeps the reason where it can be erased from the audit log', async () => {
    const hardware = hardwareId();
    const entry = await block(hardware, 'Chargeback by J. Doe');
    expect(await app.must('PATCH', `/blocklist/${entry.id}`, { reason: null })).toMatchObject({
      reason: null,
    });
    await app.must('DELETE', `/blocklist/${entry.id}`);
    const address = expect.any(String);
    expect(await events(entry.id)).toEqual([
      {
        action: 'blocked_hardware.created',
        details: { hardware_id: hardware, changes: { hardware_id: { from: null, to: hardware } } },
        data: { reason: 'Chargeback by J. Doe', address },
      },
      {
        action: 'blocked_hardware.updated',
        details: { hardware_id: hardware, changes: { reason: { withheld: true } } },
        data: { address, changes: { reason: { from: 'Chargeback by J. Doe', to: null } } },
      },
      {
        action: 'blocked_hardware.deleted',
        details: { hardware_id: hardware, changes: { hardware_id: { from: hardware, to: null } } },
        data: { address },
      },
    ]);
  });

  it('is not found once it is off the list', async () => {
    const entry = await block(hardwareId());
    await app.must('DELETE', `/blocklist/${entry.id}`);
    for (const id of [entry.id, 'x']) {
      const { status, body } = await app.admin('GET', `/blocklist/${id}`);
      expect([status, body.error]).toEqual([404, 'Blocked hardware not found']);
    }
  });

  it.each([
    [{}, { hardware_id: ['The hardware id field is required.'] }],
    [{ hardware_id: null }, { hardware_id: ['The hardware id field is required.'] }],
    [{ hardware_id: 'ab' }, { hardware_id: ['The hardware id field must be 64 characters.'] }],
    [{ hardware_id: 'g'.repeat(64) }, { hardware_id: ['The hardware id field format is invalid.'] }],
    [{ hardware_id: ['a'] }, { hardware_id: ['The hardware id field must be a string.'] }],
    [
      { hardware_id: 'a'.repeat(64), reason: 'x'.repeat(501) },
      { reason: ['The reason field must not be greater than 500 characters.'] },
    ],
  ])('is refused with %j', async (body, details) => {
    const answer = await app.admin('POST', '/blocklist', body);
    expect([answer.status, answer.body.details]).toEqual([422, details]);
  });

  it('is another entry when it is other hardware', async () => {
    const entry = await block(hardwareId());
    const { status, body } = await app.admin('PATCH', `/blocklist/${entry.id}`, {
      hardware_id: hardwareId(),
    });
    expect([status, body.details]).toEqual([422, { hardware_id: ['The hardware id field is prohibited.'] }]);
  });
});
