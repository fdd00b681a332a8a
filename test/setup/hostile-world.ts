import { randomBytes } from 'node:crypto';
import { hardwareId, panelBody, startApp, type TestApp } from './app.js';
import { addUser, bearer, login, tokenOf } from './people.js';
import { operationsOf, type Operation } from './api-document.js';
import { send, type Received, type Sent } from './wire.js';

/** What a route that takes bytes can't do without, by the resource's segment in the path. */
const QUERIES: Readonly<Record<string, string>> = { versions: 'filename=file.bin', import: 'format=csv' };

const WEBHOOK = { url: 'https://hooks.example.invalid/', events: ['*'] };

/** A service with one of everything in it, and a way to see whether anything was written. */
export class World {
  private constructor(
    readonly app: TestApp,
    readonly operations: readonly Operation[],
    readonly key: string,
    readonly hardware: string,
    readonly product: string,
    readonly policy: string,
    /** By the resource's segment in the path. */
    private readonly ids: Readonly<Record<string, string>>,
    /** Of the admin. */
    private readonly session: string,
    /** Of a session of the license's customer. */
    private readonly customerToken: string,
  ) {}

  static async create(): Promise<World> {
    const app = await startApp();
    const customer = await app.must('POST', '/customers', { name: 'Customer' });
    const { product, policy, license, key } = await app.sell({
      license: { max_activations: 3, customer_id: customer.id },
    });
    const buyer = await addUser(app, { role: 'customer', customerId: customer.id });
    const hardware = hardwareId();
    await app.panel('activate', panelBody(key, hardware));
    const version = await app.must('POST', '/versions', { product: product.code, version: '2.0.0' });
    const blocked = await app.must('POST', '/blocklist', { hardware_id: hardwareId() });
    const apiKey = await app.must('POST', '/api-keys', { name: 'Another', permissions: ['read'] });
    const webhook = await app.must('POST', '/webhooks', { ...WEBHOOK, enabled: false });
    const user = await app.must('POST', '/users', {
      username: unused(),
      email: 'user@example.test',
      role: 'customer',
    });
    const { body } = await app.request('GET', '/api/v1/openapi.json');
    const { token } = (await login(app, 'admin', app.password)).body;
    return new World(
      app,
      operationsOf(body),
      key,
      hardware,
      product.code,
      policy.code,
      {
        products: product.id,
        policies: policy.id,
        licenses: license.id,
        versions: version.id,
        blocklist: blocked.id,
        'api-keys': apiKey.id,
        customers: customer.id,
        webhooks: webhook.id,
        users: user.id,
      },
      token,
      await tokenOf(app, buyer),
    );
  }

  operation(name: string): Operation {
    const found = this.operations.find((each) => each.name === name);
    if (found === undefined) throw new Error(`The document knows no ${name}`);
    return found;
  }

  /** The path of an operation; every name in it is that of something which exists, or `params` says otherwise. */
  path({ path, takesBytes }: Operation, params: Readonly<Record<string, string>> = {}): string {
    const resource = path.split('/')[4] ?? '';
    const filled = path.replace(
      /\{(\w+)\}/g,
      (_, name: string) => params[name] ?? (name === 'id' ? this.ids[resource] : undefined) ?? 'none',
    );
    return takesBytes ? `${filled}?${QUERIES[resource] ?? ''}` : filled;
  }

  /** What it takes besides its path, as text. */
  good(operation: Operation): Pick<Sent, 'body' | 'headers'> {
    if (operation.takesBytes) return { body: 'x', headers: { 'content-type': 'application/octet-stream' } };
    const route = ROUTES_WITH_BODY.find((name) => name === operation.name);
    return route === undefined ? {} : { body: JSON.stringify(goodBody(route, this)) };
  }

  /** Sends it with a good credential. */
  send(operation: Operation, sent: Partial<Sent> = {}): Promise<Received> {
    const wantsSession = operation.name.includes(' /auth/') && operation.name !== 'POST /auth/logout';
    const headers = {
      ...(operation.plane === 'admin' && { 'x-admin-key': this.app.adminKey }),
      ...(wantsSession && { authorization: `Bearer ${this.session}` }),
      ...(operation.path.startsWith('/api/v1/portal/') && bearer(this.customerToken)),
      ...(sent.body !== undefined && { 'content-type': 'application/json' }),
      ...sent.headers,
    };
    return send(this.app.url, { method: operation.method, path: this.path(operation), ...sent, headers });
  }

  /**
   * Of every row of every table but the audit's, so that a change of any value is seen. Left out are, too, counts of verdicts,
   * which are written down seconds after their calls, and of licenses, which are in their hour.
   */
  async fingerprint(): Promise<Record<string, string>> {
    const tables = await this.app.sql<{ name: string }>(
      "select tablename as name from pg_tables where schemaname = 'public' and tablename !~ '^audit' and tablename not in ('verdict_counts', 'license_days')",
    );
    const prints: Record<string, string> = {};
    for (const { name } of tables) {
      const [row] = await this.app.sql<{ hash: string }>(
        `select count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as hash from ${name} t`,
      );
      prints[name] = row?.hash ?? '';
    }
    return prints;
  }
}

const NEW_PASSWORD = 'seven lazy otters reading maps';

const unused = () => `x${randomBytes(6).toString('hex')}`;

/** For every route with a JSON body one that it accepts, if the resource is in the right state for it. */
export const GOOD_BODIES = {
  'POST /license/activate': ({ key, hardware }) => panelBody(key, hardware),
  'POST /license/validate': ({ key, hardware }) => panelBody(key, hardware),
  'POST /license/deactivate': ({ key }) => panelBody(key, hardwareId()),
  'POST /license/rebind': ({ key, hardware }) => panelBody(key, hardware, { previous_hardware_id: hardware }),
  'POST /download/check-update': ({ key, hardware }) => ({
    license_key: key,
    hardware_id: hardware,
    current_version: '1.0.0',
  }),
  'POST /download/token': ({ key, hardware }) => ({
    license_key: key,
    hardware_id: hardware,
    current_version: '1.0.0',
  }),
  'POST /auth/login': ({ app }) => ({ username: 'admin', password: app.password }),
  'POST /portal/licenses/{id}/downloads': () => ({ version: '1.0.0' }),
  'POST /admin/products': () => ({ code: unused(), name: 'Product' }),
  'PATCH /admin/products/{id}': () => ({}),
  'POST /admin/policies': () => ({ code: unused(), name: 'Policy' }),
  'PATCH /admin/policies/{id}': () => ({}),
  'POST /admin/licenses': ({ product, policy }) => ({ product, policy }),
  'PATCH /admin/licenses/{id}': () => ({}),
  'POST /admin/licenses/{id}/suspend': () => ({}),
  'POST /admin/licenses/{id}/reinstate': () => ({}),
  'POST /admin/licenses/{id}/revoke': () => ({}),
  'POST /admin/licenses/{id}/renew': () => ({}),
  'POST /admin/licenses/{id}/rotate-key': () => ({}),
  'POST /admin/licenses/{id}/explain': ({ hardware }) => ({
    action: 'validate',
    hardware_id: hardware,
    version: '1.0.0',
  }),
  'POST /admin/licenses/{id}/activations': () => ({
    hardware_id: hardwareId(),
    version: '1.0.0',
    valid_days: 30,
  }),
  'POST /admin/customers': () => ({ name: 'Customer' }),
  'PATCH /admin/customers/{id}': () => ({}),
  'POST /admin/webhooks': () => WEBHOOK,
  'PATCH /admin/webhooks/{id}': () => ({}),
  'POST /admin/webhooks/{id}/rotate-secret': () => ({}),
  'POST /admin/versions': ({ product }) => ({ product, version: '3.0.0' }),
  'PATCH /admin/versions/{id}': () => ({}),
  'POST /admin/versions/{id}/rollout': () => ({ rollout_percent: 100 }),
  'POST /admin/blocklist': () => ({ hardware_id: hardwareId() }),
  'PATCH /admin/blocklist/{id}': () => ({}),
  'POST /auth/password': ({ app }) => ({ old_password: app.password, new_password: NEW_PASSWORD }),
  'POST /auth/totp/enroll': ({ app }) => ({ password: app.password }),
  'POST /auth/totp/confirm': () => ({ code: '123456' }),
  'POST /auth/totp/disable': ({ app }) => ({ password: app.password, code: '123456' }),
  'POST /auth/totp/recovery-codes': ({ app }) => ({ password: app.password, code: '123456' }),
  'POST /auth/sso/mint': () => ({ username: 'nobody' }),
  'POST /auth/sso/exchange': () => ({ nonce: 'none' }),
  'POST /admin/users': () => ({ username: unused(), email: `${unused()}@example.test`, role: 'customer' }),
  'PATCH /admin/users/{id}': () => ({}),
  'POST /admin/api-keys': () => ({ name: 'Key', permissions: ['read'] }),
  'PATCH /admin/api-keys/{id}': () => ({}),
} as const satisfies Record<string, (world: World) => object>;

export type RouteWithBody = keyof typeof GOOD_BODIES;

export const ROUTES_WITH_BODY = Object.keys(GOOD_BODIES) as RouteWithBody[];

export const goodBody = (name: RouteWithBody, world: World): Record<string, unknown> => ({
  ...GOOD_BODIES[name](world),
});
