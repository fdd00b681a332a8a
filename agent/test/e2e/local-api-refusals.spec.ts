import { startApp, type TestApp } from '../../../test/setup/app.js';
import { failure, startDaemon, stopDaemons, type TestDaemon } from '../setup/daemons.js';
import { removePanels } from '../setup/panels.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  await stopDaemons();
  await removePanels();
  await app.stop();
});

describe('a call that is not what it should be', () => {
  let daemon: TestDaemon;
  beforeAll(async () => {
    const { key } = await app.sell();
    daemon = await startDaemon(app);
    await daemon.call('POST', '/license/activate', { key });
  });

  it.each([
    ['POST', '/license/activate', { key: 'x', colour: 1 }, 'The colour field is prohibited.'],
    ['POST', '/license/activate', { key: 7 }, 'The key field must be a string.'],
    [
      'POST',
      '/license/activate',
      { key: 'k'.repeat(256) },
      'The key field must not be greater than 255 characters.',
    ],
    ['POST', '/license/activate', { key: 'x', force: 'yes' }, 'The force field must be true or false.'],
    ['POST', '/license/activate', [], 'The body must be a JSON object.'],
    ['POST', '/license/activate', null, 'The body must be a JSON object.'],
    ['POST', '/license/verify', { a: 1 }, 'The a field is prohibited.'],
    ['POST', '/license/refresh', [1], 'The body must be a JSON object.'],
    ['POST', '/license/deactivate', 'x', 'The body must be a JSON object.'],
    [
      'POST',
      '/license/rebind',
      { previous_hardware_id: 'ab' },
      'The previous hardware id field must be 64 characters.',
    ],
    [
      'POST',
      '/license/rebind',
      { previous_hardware_id: 'z'.repeat(64) },
      'The previous hardware id field format is invalid.',
    ],
    ['POST', '/license/activate', { key: ' \u00a0' }, 'License key is required'],
    ['POST', '/license/rebind', { key: 7 }, 'The key field must be a string.'],
    ['PUT', '/license/usage', undefined, 'The body must be a JSON object.'],
    ['PUT', '/license/usage', [], 'The body must be a JSON object.'],
    ['PUT', '/license/usage', { accounts: -1 }, 'Each counter must be a whole number from 0.'],
    ['PUT', '/license/usage', { accounts: 1.5 }, 'Each counter must be a whole number from 0.'],
    ['PUT', '/license/usage', { accounts: '1' }, 'Each counter must be a whole number from 0.'],
    ['PUT', '/license/usage', { 'no space': 1 }, expect.stringMatching(/^The name of a counter/)],
    ['PUT', '/license/usage', { ['n'.repeat(65)]: 1 }, expect.stringMatching(/^The name of a counter/)],
    [
      'PUT',
      '/license/usage',
      Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`c${index}`, 1])),
      'The usage must not have more than 100 counters.',
    ],
    ['POST', '/version/update', { version: 1 }, 'The version field must be a string.'],
    ['POST', '/version/update', { version: 'banana' }, 'The version field must be a valid version.'],
    ['POST', '/version/update', { to: '1.0.0' }, 'The to field is prohibited.'],
    ['GET', '/license/?page=1', undefined, 'The page field is prohibited.'],
  ])('%s %s with %j is a 400', async (method, path, body, error) => {
    const reply = await daemon.call(method, path, body);
    expect([reply.status, reply.body]).toEqual([400, failure(400, 'VALIDATION_ERROR', error)]);
  });

  it.each([
    ['GET', '/api/v1/license/activate'],
    ['POST', '/api/v1/license/'],
    ['DELETE', '/api/v1/license'],
    ['GET', '/api/v1/License/'],
    ['GET', '/api/v1/license//'],
    ['GET', '/api/v1/license/%65vents'],
    ['GET', '/api/v1/version/info/'],
    ['OPTIONS', '*'],
    ['GET', '/'],
    ['POST', '/api/v1/constructor'],
  ])('%s %s is a 404', async (method, path) => {
    const reply = await daemon.raw(method, path);
    expect([reply.status, reply.body]).toEqual([404, failure(404, 'NOT_FOUND', 'Not found')]);
  });

  it.each([
    ['a broken text', '{"key":', 400, 'Malformed JSON'],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, 'Malformed JSON'],
    ['a body over 64 KiB', `{"key":"${'x'.repeat(65_536)}"}`, 413, 'Request body is too large'],
    ['a body nested deeply', '['.repeat(60_000), 400, 'Malformed JSON'],
    [
      'a key nested deeply',
      `{"key":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
      400,
      'The key field must be a string.',
    ],
  ])('%s is refused', async (_, body, status, error) => {
    const reply = await daemon.raw('POST', '/api/v1/license/activate', body);
    expect([reply.status, reply.body]).toEqual([status, failure(status, 'VALIDATION_ERROR', error)]);
  });

  it('of a type in capitals is read all the same', async () => {
    const type = { 'content-type': 'Application/JSON; charset=UTF-8' };
    expect((await daemon.raw('PUT', '/api/v1/license/usage', '{}', type)).status).toBe(200);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
    'a body of the type %j is a 415',
    async (type) => {
      const reply = await daemon.raw('POST', '/api/v1/license/activate', '{}', { 'content-type': type });
      expect(reply.body).toEqual(failure(415, 'VALIDATION_ERROR', 'Unsupported content type'));
    },
  );

  it.each([
    ['constructor', { usage: { constructor: 1 } }],
    ['toString', { usage: { toString: 1 } }],
    ['__proto__', failure(400, 'VALIDATION_ERROR', expect.stringMatching(/^The name of a counter/))],
  ])('a counter named %s is no trap', async (name, answer) => {
    const reply = await daemon.raw('PUT', '/api/v1/license/usage', `{"${name}":1}`);
    expect(reply.body).toEqual(answer);
    expect((await daemon.call('PUT', '/license/usage', {})).body).toEqual({ usage: {} });
  });
});
