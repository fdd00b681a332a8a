import { EXAMPLE_NONCE } from '../../src/auth/sso/sso.controller.js';
import {
  exampleId,
  EXAMPLE_HARDWARE,
  EXAMPLE_PASSWORD,
  EXAMPLE_LICENSE_KEY,
  EXAMPLE_OTHER_HARDWARE,
} from '../../src/http/examples.js';
import { Secret, TOTP } from 'otpauth';
import { panelBody, type Answer } from './app.js';
import type { Replay, Sending } from './api-replay.js';

/** A call with its example, what must be so before it, and how the request differs from the example where it has to. */
export interface Step {
  readonly call: string;
  readonly status?: number;
  readonly before?: (replay: Replay) => Promise<unknown>;
  readonly sending?: (replay: Replay) => Sending;
  readonly after?: (replay: Replay, answer: Answer) => unknown;
}

const activated = (hardware: string) => (replay: Replay) =>
  replay.app.panel('activate', panelBody(replay.meant(EXAMPLE_LICENSE_KEY), hardware));

/** Makes a resource of its own for a call that would end the one that the story goes on with. */
const another =
  (call: string, change: object) =>
  async (replay: Replay): Promise<any> => {
    const { operation } = replay.call(call);
    const { example } = operation.requestBody.content['application/json'];
    return (await replay.send(replay.call(call), { body: { ...replay.meant(example), ...change } })).body
      .data;
  };

const RELEASE = 'DELETE /admin/licenses/{id}/activations/{activation_id}';

/** One of a list stands for the example of a parameter. */
function anyOf(list: string, call: string, parameter: string) {
  return async (replay: Replay): Promise<void> => {
    const { body } = await replay.app.admin('GET', list);
    replay.let(replay.parameter(call, parameter), body.data[0].id);
  };
}

/** A seat of the license stands for the example. */
function anySeat(call: string) {
  return async (replay: Replay): Promise<void> => {
    const license = replay.meant(exampleId('License'));
    await anyOf(`/licenses/${license}/activations`, call, 'activation_id')(replay);
  };
}

/** Whatever happens to it, the story goes on with the other. */
function onAnother(call: string, create: string, change: object = {}): Step {
  let id = '';
  return {
    call,
    before: async (replay) => {
      ({ id } = await another(create, change)(replay));
    },
    sending: () => ({ parameters: { id } }),
  };
}

/** What proves the second factor: its secret at first, then the codes that stand in for it. */
const factor = { secret: '', codes: [] as string[] };

/** Each code is good once. */
const proof =
  (call: string) =>
  (replay: Replay): Sending => ({
    body: { ...replay.meant(replay.bodyOf(call)), code: factor.codes.pop() },
  });

const keepCodes = (_: Replay, { body }: Answer) => {
  factor.codes = body.recovery_codes;
};

/** Logs in once more, so that there is a session to be ended that is not the one of the story. */
const loggedInElsewhere =
  (call: string, parameter: string) =>
  async (replay: Replay): Promise<void> => {
    const { body } = await replay.send(replay.call('POST /auth/login'));
    const headers = { authorization: `Bearer ${body.token}` };
    const { body: listed } = await replay.app.request('GET', '/api/v1/auth/sessions', { headers });
    const other = listed.sessions.find(({ current }: { current: boolean }) => current);
    replay.let(replay.parameter(call, parameter), other.id);
  };

const minted = async (replay: Replay): Promise<void> => {
  const { body } = await replay.send(replay.call('POST /auth/sso/mint'));
  replay.let(EXAMPLE_NONCE, body.nonce);
};

const explained = (metrics: string) => new Set(metrics.match(/^# (?:HELP|TYPE) .*$/gm));

/** Samples come with use; what a metric is called and is for is told from the start. */
function knowsItsMetrics(replay: Replay, { body }: Answer): void {
  const { example } = replay.call('GET /metrics').operation.responses['200'].content['text/plain'];
  const measured = new Set([...example.matchAll(/^(\w+)/gm)].map(([, name]) => name));
  expect(measured.size).toBeGreaterThan(0);
  const told = explained(body);
  expect([...explained(example)].filter((line) => !told.has(line))).toEqual([]);
  expect([...measured].filter((name) => !body.includes(`# TYPE ${name} `))).toEqual([]);
}

/** Maria is made, comes in, and sees to her account. */
const MARIA_COMES: readonly (Step | string)[] = [
  'POST /admin/users',
  'GET /admin/users',
  'GET /admin/users/{id}',
  'PATCH /admin/users/{id}',
  'POST /auth/sso/mint',
  { call: 'GET /sso/consume/{nonce}', before: minted },
  { call: 'POST /auth/sso/exchange', before: minted },
  {
    call: 'POST /auth/login',
    before: (replay) =>
      replay.send(replay.call('PATCH /admin/users/{id}'), { body: { password: EXAMPLE_PASSWORD } }),
    after: (replay, { body }) => {
      replay.session = body.token;
    },
  },
  'GET /auth/me',
  'GET /auth/sessions',
  {
    call: 'DELETE /auth/sessions/{id}',
    before: loggedInElsewhere('DELETE /auth/sessions/{id}', 'id'),
  },
  'GET /admin/users/{id}/sessions',
  {
    call: 'DELETE /admin/users/{id}/sessions/{session_id}',
    before: loggedInElsewhere('DELETE /admin/users/{id}/sessions/{session_id}', 'session_id'),
  },
  'GET /auth/totp',
  {
    call: 'POST /auth/totp/enroll',
    after: (_, { body }) => {
      factor.secret = body.secret;
    },
  },
  {
    call: 'POST /auth/totp/confirm',
    sending: ({ app }) => {
      const totp = new TOTP({ secret: Secret.fromBase32(factor.secret) });
      return { body: { code: totp.generate({ timestamp: app.clock.now().getTime() }) } };
    },
    after: keepCodes,
  },
  {
    call: 'POST /auth/totp/recovery-codes',
    sending: proof('POST /auth/totp/recovery-codes'),
    after: keepCodes,
  },
  { call: 'POST /auth/totp/disable', sending: proof('POST /auth/totp/disable') },
];

/** What she sees of her own, once it is hers. */
const MARIA_LOOKS: readonly (Step | string)[] = [
  {
    call: 'GET /portal/licenses',
    before: async (replay) => {
      const body = { customer_id: replay.meant(exampleId('Customer')) };
      await replay.send(replay.call('PATCH /admin/users/{id}'), { body });
      // Her sessions ended with that.
      replay.session = (await replay.send(replay.call('POST /auth/login'))).body.token;
      await replay.send(replay.call('PATCH /admin/licenses/{id}'), { body });
    },
  },
  'GET /portal/licenses/{id}',
  'GET /portal/licenses/{id}/versions',
  'POST /portal/licenses/{id}/downloads',
  {
    call: 'DELETE /portal/licenses/{id}/activations/{activation_id}',
    before: anySeat('DELETE /portal/licenses/{id}/activations/{activation_id}'),
  },
];

const MARIA_GOES: readonly (Step | string)[] = [
  'POST /auth/password',
  'POST /auth/logout',
  'DELETE /admin/users/{id}/sessions',
  'DELETE /admin/users/{id}/two-factor',
  'DELETE /admin/users/{id}',
];

/** With what says more of the file, where its type does not say enough. */
const FILE_TYPES = {
  'text/csv': '',
  'application/x-ndjson': '',
  'application/octet-stream': '&format=csv',
};

/** A file as each of its types, looked over; then taken in, which the same rows are but once. */
const imported = (rows: 'licenses' | 'seats'): Step[] => [
  ...Object.entries(FILE_TYPES).map(([type, format]) => ({
    call: `POST /admin/import/${rows}`,
    status: 200,
    sending: () => ({ type, query: `dry_run=true${format}` }),
  })),
  { call: `POST /admin/import/${rows}`, status: 201 },
];

/**
 * One story through all calls, in an order in which each finds what it needs: sold, activated, updated, looked at, taken
 * back. A call that is not in it is named by a test.
 */
export const STORY: readonly (Step | string)[] = [
  'GET /openapi.json',
  'GET /health/live',
  'GET /health/ready',
  { call: 'GET /metrics', after: knowsItsMetrics },
  'GET /.well-known/jwks.json',
  'GET /license/keys',

  'POST /admin/customers',
  'GET /admin/customers',
  'GET /admin/customers/{id}',
  'PATCH /admin/customers/{id}',
  'GET /admin/customers/{id}/export',

  ...MARIA_COMES,

  'POST /admin/products',
  'GET /admin/products',
  'GET /admin/products/{id}',
  'PATCH /admin/products/{id}',
  onAnother('DELETE /admin/products/{id}', 'POST /admin/products', { code: 'other' }),
  'POST /admin/policies',
  'GET /admin/policies',
  'GET /admin/policies/{id}',
  'PATCH /admin/policies/{id}',
  onAnother('DELETE /admin/policies/{id}', 'POST /admin/policies', { code: 'other' }),
  'POST /admin/licenses',
  'GET /admin/licenses',
  'GET /admin/licenses/{id}',
  'PATCH /admin/licenses/{id}',
  'POST /admin/licenses/{id}/renew',
  'POST /admin/licenses/{id}/rotate-key',
  onAnother('DELETE /admin/licenses/{id}', 'POST /admin/licenses'),

  { call: 'POST /license/activate', status: 201 },
  { call: 'POST /license/activate', status: 200 },
  'POST /license/validate',
  {
    call: 'POST /license/rebind',
    before: async (replay) => {
      await replay.send(replay.call('POST /license/deactivate'));
      await activated(EXAMPLE_OTHER_HARDWARE)(replay);
    },
  },
  'POST /admin/licenses/{id}/explain',
  'GET /admin/licenses/{id}/activations',
  { call: RELEASE, before: anySeat(RELEASE) },
  'POST /admin/licenses/{id}/activations',
  { call: 'POST /license/deactivate', before: activated(EXAMPLE_HARDWARE) },
  'DELETE /admin/licenses/{id}/activations',

  'POST /admin/versions',
  'GET /admin/versions',
  'GET /admin/versions/{id}',
  'PATCH /admin/versions/{id}',
  'POST /admin/versions/{id}/artifacts',
  'GET /admin/versions/{id}/artifacts',
  'POST /admin/versions/{id}/publish',
  'POST /admin/versions/{id}/rollout',
  { call: 'POST /download/check-update', before: activated(EXAMPLE_HARDWARE) },
  'POST /download/token',
  'GET /download/file/{token}',
  { call: 'GET /download/file/{token}', status: 206, sending: () => ({ headers: { range: 'bytes=0-3' } }) },
  { call: 'GET /download/file/{token}', status: 304, sending: () => ({ headers: { 'if-none-match': '*' } }) },
  ...MARIA_LOOKS,
  'POST /admin/versions/{id}/yank',
  onAnother('DELETE /admin/versions/{id}', 'POST /admin/versions', { version: '1.5.0' }),
  deleteArtifact(),

  'POST /admin/licenses/{id}/suspend',
  'POST /admin/licenses/{id}/reinstate',
  'POST /admin/licenses/{id}/revoke',

  'POST /admin/blocklist',
  'GET /admin/blocklist',
  'GET /admin/blocklist/{id}',
  'PATCH /admin/blocklist/{id}',
  'DELETE /admin/blocklist/{id}',
  'POST /admin/api-keys',
  'GET /admin/api-keys',
  'GET /admin/api-keys/{id}',
  'PATCH /admin/api-keys/{id}',
  'DELETE /admin/api-keys/{id}',

  ...imported('licenses'),
  ...imported('seats'),
  'GET /admin/export/licenses',
  { call: 'GET /admin/export/licenses', sending: () => ({ query: 'format=ndjson' }) },
  'GET /admin/export/seats',
  { call: 'GET /admin/export/seats', sending: () => ({ query: 'format=ndjson' }) },

  'GET /admin/stats',
  'GET /admin/stats/clones',
  'GET /admin/stats/expiring',
  'GET /admin/stats/refusals',
  'GET /admin/stats/seats',
  'GET /admin/stats/validations',
  'GET /admin/stats/versions',

  'POST /admin/webhooks',
  'GET /admin/webhooks',
  'GET /admin/webhooks/{id}',
  'PATCH /admin/webhooks/{id}',
  'POST /admin/webhooks/{id}/rotate-secret',
  'POST /admin/webhooks/{id}/test',
  'GET /admin/webhooks/{id}/deliveries',
  'GET /admin/webhooks/{id}/deliveries/{delivery_id}',
  'POST /admin/webhooks/{id}/deliveries/{delivery_id}/redeliver',
  onAnother('DELETE /admin/webhooks/{id}', 'POST /admin/webhooks'),

  ...MARIA_GOES,
  'GET /admin/audit',
  { call: 'GET /admin/audit/{id}', before: anyOf('/audit', 'GET /admin/audit/{id}', 'id') },
  'GET /admin/audit/verify',
  onAnother('DELETE /admin/customers/{id}', 'POST /admin/customers'),
  'POST /admin/customers/{id}/erase',
];

/** Only a draft's files can be deleted, and the one of the story is yanked by now. */
function deleteArtifact(): Step {
  let parameters = {};
  return {
    call: 'DELETE /admin/versions/{id}/artifacts/{artifact_id}',
    before: async (replay) => {
      const { id } = await another('POST /admin/versions', { version: '1.6.0' })(replay);
      const upload = replay.call('POST /admin/versions/{id}/artifacts');
      const { body } = await replay.send(upload, { parameters: { id } });
      parameters = { id, artifact_id: body.data.id };
    },
    sending: () => ({ parameters }),
  };
}
