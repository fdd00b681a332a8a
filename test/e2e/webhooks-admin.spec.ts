import { startApp, type TestApp } from '../setup/app.js';
import { deliveryOf, subscribe, withAttempts } from '../setup/deliveries.js';

let app: TestApp;

// As in production: private targets are refused.
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const URL = 'https://hooks.example.invalid/mooring?token=sesame';

const auditOf = (id: string) =>
  app.sql(
    `select e.action, e.details, p.data from audit_events e left join audit_personal p on p.event_id = e.id
     where e.subject_id = $1 order by e.id`,
    [id],
  );

const refusal = (details: object) => ({
  success: false,
  code: 'VALIDATION_ERROR',
  error: 'Validation failed',
  details,
});

describe('a webhook', () => {
  it('is made, listed, changed and deleted, and shows its secret once', async () => {
    const made = await subscribe(app, URL, ['license.*', 'license.*', 'ping'], { description: 'Billing' });
    expect(made).toEqual({
      id: expect.any(String),
      url: URL,
      description: 'Billing',
      events: ['license.*', 'ping'],
      enabled: true,
      disabled_reason: null,
      failing_since: null,
      previous_secret_until: null,
      created_at: app.clock.now().toISOString(),
      updated_at: app.clock.now().toISOString(),
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    const { secret, ...shown } = made;
    expect(await app.must('GET', `/webhooks/${made.id}`)).toEqual(shown);
    expect(await app.must('GET', '/webhooks?q=hooks.example&enabled=true')).toEqual([shown]);
    expect(await app.must('GET', '/webhooks?enabled=false')).toEqual([]);

    const changed = await app.must('PATCH', `/webhooks/${made.id}`, {
      description: null,
      events: ['*'],
      enabled: false,
    });
    expect(changed).toMatchObject({ description: null, events: ['*'], enabled: false, url: URL });
    await app.must('DELETE', `/webhooks/${made.id}`);
    expect((await app.admin('GET', `/webhooks/${made.id}`)).body.error).toBe('Webhook not found');

    const audit = await auditOf(made.id);
    expect(audit.map(({ action }) => action)).toEqual([
      'webhook.created',
      'webhook.updated',
      'webhook.deleted',
    ]);
    expect(audit[0].details).toMatchObject({ origin: 'https://hooks.example.invalid', enabled: true });
    const told = JSON.stringify(audit);
    expect(told).not.toContain('sesame');
    expect(told).not.toContain(secret.slice(6));
  });

  it('keeps its secret encrypted', async () => {
    const made = await subscribe(app, URL, ['*'], { enabled: false });
    const [{ sealed_secret: sealed }] = await app.sql('select sealed_secret from webhooks where id = $1', [
      made.id,
    ]);
    expect(sealed.includes(Buffer.from(made.secret.slice(6), 'base64'))).toBe(false);
  });

  it('that changes its URL does not tell the audit log which', async () => {
    const { id } = await subscribe(app, URL, ['*'], { enabled: false });
    await app.must('PATCH', `/webhooks/${id}`, { url: 'https://hooks.example.invalid/abracadabra' });
    const [, { details }] = await auditOf(id);
    expect(details.changes).toEqual({ url: { withheld: true } });
  });

  it.each<readonly [string, unknown, string]>([
    ['url', undefined, 'The url field is required.'],
    ['url', 7, 'The url field must be a string.'],
    [
      'url',
      `https://example.com/${'x'.repeat(2_048)}`,
      'The url field must not be greater than 2048 characters.',
    ],
    ['url', 'https://exam ple.com/', 'The url field format is invalid.'],
    ['url', 'https://example.com/\r\nx: y', 'The url field format is invalid.'],
    ...[
      'example.com',
      'ftp://example.com/',
      'javascript:alert(1)',
      'file:///etc/passwd',
      'https://',
      'https://me:pw@example.com/',
      'https://me@example.com/',
    ].map((url) => ['url', url, 'The url field must be an http or https URL without credentials.'] as const),
    ...[
      'http://localhost/',
      'http://localhost.:8080/',
      'http://127.0.0.1/',
      'http://2130706433/',
      'http://0/',
      'http://10.1.2.3/',
      'http://192.168.0.1/',
      'http://100.64.0.1/',
      'http://169.254.169.254/latest/meta-data',
      'http://[::1]/',
      'http://[::ffff:10.0.0.1]/',
      'http://[64:ff9b::a9fe:a9fe]/',
      'http://[fd00:ec2::254]/',
      'http://[fe80::1]/',
      'http://224.0.0.1/',
    ].map((url) => ['url', url, 'The url field must not lead to a private address.'] as const),
    ['events', undefined, 'The events field is required.'],
    ['events', [], 'The events field is required.'],
    ['events', '*', 'The events field must be an array.'],
    ['events', ['license.sold'], 'The selected events.0 is invalid.'],
    ['events', ['ping', 'lic*'], 'The selected events.1 is invalid.'],
    ['events', ['user.*'], 'The selected events.0 is invalid.'],
    ['enabled', 'yes', 'The enabled field must be true or false.'],
    ['secret', 'whsec_x', 'The secret field is prohibited.'],
  ])('with %s %j is refused', async (field, value, message) => {
    const { status, body } = await app.admin('POST', '/webhooks', {
      url: URL,
      events: ['*'],
      [field]: value,
    });
    expect([status, body]).toEqual([422, refusal({ [field]: [message] })]);
    expect(await app.sql('select id from webhooks where url = $1', [String(value)])).toEqual([]);
  });

  it('cannot be led to a private address later', async () => {
    const { id } = await subscribe(app, URL, ['*'], { enabled: false });
    const { status, body } = await app.admin('PATCH', `/webhooks/${id}`, { url: 'http://[::1]/' });
    expect([status, body]).toEqual([
      422,
      refusal({ url: ['The url field must not lead to a private address.'] }),
    ]);
    expect((await app.must('GET', `/webhooks/${id}`)).url).toBe(URL);
  });

  it('that is disabled takes no test and sends nothing again', async () => {
    const { id } = await subscribe(app, URL, ['*']);
    const sent = await app.must('POST', `/webhooks/${id}/test`);
    await deliveryOf(app, id, sent.event_id, withAttempts(1));
    await app.must('PATCH', `/webhooks/${id}`, { enabled: false });
    const test = await app.admin('POST', `/webhooks/${id}/test`);
    const again = await app.admin('POST', `/webhooks/${id}/deliveries/${sent.id}/redeliver`);
    for (const { status, body } of [test, again]) {
      expect([status, body.code, body.error]).toEqual([409, 'CONFLICT', 'The webhook is disabled.']);
    }
    expect(await app.must('GET', `/webhooks/${id}/deliveries`)).toHaveLength(1);
  });
});

describe('the log of deliveries', () => {
  it('is filtered and paged', async () => {
    const { id } = await subscribe(app, URL, ['ping']);
    const sent: any[] = [];
    for (let count = 0; count < 3; count++) sent.push(await app.must('POST', `/webhooks/${id}/test`));
    const list = async (query: string) =>
      (await app.admin('GET', `/webhooks/${id}/deliveries?${query}`)).body;
    expect((await list('per_page=2')).meta).toEqual({ total: 3, per_page: 2, current_page: 1, last_page: 2 });
    const byEvent = await list(`event_id=${sent[1].event_id}`);
    expect(byEvent.data.map((each: any) => each.id)).toEqual([sent[1].id]);
    expect((await list('status=pending&event_type=ping')).meta.total).toBe(3);
    expect((await list('status=failed')).data).toEqual([]);
    expect((await list('event_type=license.created')).data).toEqual([]);
    expect((await list('status=lost')).details).toEqual({ status: ['The selected status is invalid.'] });
    expect((await list('event_type=*')).details).toEqual({
      event_type: ['The selected event type is invalid.'],
    });
    await app.must('DELETE', `/webhooks/${id}`);
    expect(await app.sql('select id from webhook_deliveries where webhook_id = $1', [id])).toEqual([]);
  });

  it('of another webhook, or of none, is not found', async () => {
    const one = await subscribe(app, URL, ['ping']);
    const other = await subscribe(app, URL, ['ping']);
    const { id } = await app.must('POST', `/webhooks/${one.id}/test`);
    for (const [method, path, error] of [
      ['GET', `/webhooks/${other.id}/deliveries/${id}`, 'Delivery not found'],
      ['POST', `/webhooks/${other.id}/deliveries/${id}/redeliver`, 'Delivery not found'],
      ['GET', `/webhooks/${one.id}/deliveries/nothing`, 'Delivery not found'],
      ['GET', `/webhooks/${id}/deliveries`, 'Webhook not found'],
      ['POST', '/webhooks/nothing/test', 'Webhook not found'],
      ['POST', `/webhooks/${id}/rotate-secret`, 'Webhook not found'],
    ] as const) {
      const { status, body } = await app.admin(method, path);
      expect([path, status, body.error]).toEqual([path, 404, error]);
    }
  });
});
