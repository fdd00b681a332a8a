import * as fc from 'fast-check';
import { counterexample } from '../setup/counterexample.js';
import { hardwareId, panelBody, startApp, type Answer, type TestApp } from '../setup/app.js';

let app: TestApp;
beforeAll(async () => {
  // More than the calls that come at once: none has to wait for a connection.
  app = await startApp({ settings: { DATABASE_POOL_SIZE: '60' } });
});
afterAll(() => app.stop());

const tally = (answers: readonly Answer[]) => {
  const byStatus = Map.groupBy(answers, ({ status }) => status);
  return Object.fromEntries([...byStatus].map(([status, all]) => [status, all.length]));
};

const times = <T>(count: number, make: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, i) => make(i)));

const upload = (version: string, query: string, bytes: string) =>
  app.request('POST', `/api/v1/admin/versions/${version}/artifacts?${query}`, {
    raw: bytes,
    headers: { 'x-admin-key': app.adminKey, 'content-type': 'application/octet-stream' },
  });

describe('the same thing created twenty times at once', () => {
  interface Creation {
    readonly path: string;
    readonly body: (i: number) => object;
  }

  const CREATED = {
    'a product': async () => ({ path: '/products', body: () => ({ code: 'twin', name: 'Twin' }) }),
    'a policy': async () => ({ path: '/policies', body: () => ({ code: 'twin', name: 'Twin' }) }),
    'a version, whatever its build,': async () => {
      const { product } = await app.sell();
      return {
        path: '/versions',
        body: (i) => ({ product: product.code, version: `3.0.0+build.${i}` }),
      };
    },
    'blocked hardware, in either case,': async () => {
      const id = hardwareId();
      return {
        path: '/blocklist',
        body: (i) => ({ hardware_id: i % 2 === 0 ? id : id.toUpperCase() }),
      };
    },
  } as const satisfies Record<string, () => Promise<Creation>>;

  it.each(Object.keys(CREATED) as (keyof typeof CREATED)[])(
    '%s is there once, and 19 are told so',
    async (what) => {
      const { path, body }: Creation = await CREATED[what]();
      const answers = await times(20, (i) => app.admin('POST', path, body(i)));
      expect(tally(answers)).toEqual({ 201: 1, 409: 19 });
      expect(new Set(answers.map((answer) => answer.body.code))).toEqual(new Set([undefined, 'CONFLICT']));
    },
  );

  it('an artifact is there once, and whole', async () => {
    const { product } = await app.sell();
    const { id } = await app.must('POST', '/versions', { product: product.code, version: '1.0.0' });
    const answers = await times(10, (i) =>
      upload(id, 'platform=linux&arch=x64&filename=file.bin', `bytes of ${i}`),
    );
    expect(tally(answers)).toEqual({ 201: 1, 409: 9 });
    const made = answers.find(({ status }) => status === 201);
    const { data } = (await app.admin('GET', `/versions/${id}/artifacts`)).body;
    expect(data).toEqual([made?.body.data]);
  });
});

/** Everything there is with an own life, to be pulled at from all sides. */
async function victims() {
  const { product, policy, license, key } = await app.sell({ license: { max_activations: 3 } });
  const hardware = [hardwareId(), hardwareId(), hardwareId()] as const;
  const seats = await times(2, (i) => app.panel('activate', panelBody(key, hardware[i] ?? '')));
  const version = await app.must('POST', '/versions', { product: product.code, version: '2.0.0' });
  await upload(version.id, 'platform=linux&filename=file.bin', 'bytes');
  return { product, policy, license, key, hardware, version, seat: seats[0]?.body.activation.id as string };
}

type Victims = Awaited<ReturnType<typeof victims>>;

const panel =
  (action: Parameters<TestApp['panel']>[0], at: number, more: (v: Victims) => object = () => ({})) =>
  (v: Victims) =>
    app.panel(action, panelBody(v.key, v.hardware[at] ?? '', more(v)));

const admin =
  (method: string, path: (v: Victims) => string, body?: (v: Victims) => unknown) => (v: Victims) =>
    app.admin(method, path(v), body?.(v));

const license = (verb: string) => (v: Victims) => `/licenses/${v.license.id}${verb}`;
const version = (verb: string) => (v: Victims) => `/versions/${v.version.id}${verb}`;

/** What may happen to them at the same moment. */
const DEEDS = {
  'activate the first': panel('activate', 0),
  'activate the third': panel('activate', 2),
  validate: panel('validate', 0),
  deactivate: panel('deactivate', 0),
  'rebind first to third': panel('rebind', 2, (v) => ({ previous_hardware_id: v.hardware[0] })),
  'rebind third to first': panel('rebind', 0, (v) => ({ previous_hardware_id: v.hardware[2] })),
  'rebind second to first': panel('rebind', 0, (v) => ({ previous_hardware_id: v.hardware[1] })),
  suspend: admin('POST', license('/suspend')),
  reinstate: admin('POST', license('/reinstate')),
  renew: admin('POST', license('/renew'), () => ({ days: 1 })),
  'rotate the key': admin('POST', license('/rotate-key'), () => ({ overlap_hours: 1 })),
  explain: admin('POST', license('/explain'), (v) => ({
    action: 'validate',
    hardware_id: v.hardware[0],
    version: '1.0.0',
  })),
  'change the license': admin('PATCH', license(''), () => ({ max_activations: 1, metadata: { a: 1 } })),
  'delete the license': admin('DELETE', license('')),
  'list seats': admin('GET', license('/activations?released=true')),
  'free a seat': admin('DELETE', (v) => `/licenses/${v.license.id}/activations/${v.seat}`),
  'free all seats': admin('DELETE', license('/activations')),
  'activate offline': admin('POST', license('/activations'), (v) => ({
    hardware_id: v.hardware[2],
    version: '1.0.0',
    valid_days: 30,
  })),
  'change the policy': admin(
    'PATCH',
    (v) => `/policies/${v.policy.id}`,
    () => ({ rebind_quota: 1_000 }),
  ),
  'delete the policy': admin('DELETE', (v) => `/policies/${v.policy.id}`),
  'change the product': admin(
    'PATCH',
    (v) => `/products/${v.product.id}`,
    () => ({ minimum_version: '0.1.0' }),
  ),
  'delete the product': admin('DELETE', (v) => `/products/${v.product.id}`),
  'sell another': admin(
    'POST',
    () => '/licenses',
    (v) => ({
      product: v.product.code,
      policy: v.policy.code,
      quantity: 3,
    }),
  ),
  publish: admin('POST', version('/publish')),
  yank: admin('POST', version('/yank')),
  'roll out': admin('POST', version('/rollout'), () => ({ rollout_percent: 100 })),
  'change the version': admin('PATCH', version(''), () => ({ changelog: 'x' })),
  'delete the version': admin('DELETE', version('')),
  upload: (v: Victims) => upload(v.version.id, 'platform=windows&filename=other.bin', 'other bytes'),
  'check for an update': (v: Victims) =>
    app.request('POST', '/api/v1/download/check-update', {
      body: { license_key: v.key, hardware_id: v.hardware[0], current_version: '1.0.0', platform: 'linux' },
    }),
  'take a token': (v: Victims) =>
    app.request('POST', '/api/v1/download/token', {
      body: { license_key: v.key, hardware_id: v.hardware[0], current_version: '1.0.0', platform: 'linux' },
    }),
  'block the hardware': admin(
    'POST',
    () => '/blocklist',
    (v) => ({ hardware_id: v.hardware[1] }),
  ),
} as const satisfies Record<string, (v: Victims) => Promise<Answer>>;

type Deed = keyof typeof DEEDS;

describe('everything at once', () => {
  it('is served or refused, and never fails', async () => {
    const deeds = fc.array(fc.constantFrom(...(Object.keys(DEEDS) as Deed[])), {
      minLength: 2,
      maxLength: 16,
    });
    const found = await counterexample(deeds, 40, async (names) => {
      const all = await victims();
      const answers = await Promise.all(names.map((name) => DEEDS[name](all)));
      const failed = answers.flatMap(({ status }, i) => (status >= 500 ? [`${names[i]}: ${status}`] : []));
      if (failed.length > 0) throw new Error(failed.join());
    });
    expect(found).toBeNull();
  });
});
