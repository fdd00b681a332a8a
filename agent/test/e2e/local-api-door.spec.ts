import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { failure, startDaemon, stopDaemons, type TestDaemon } from '../setup/daemons.js';
import { removePanels } from '../setup/panels.js';

let app: TestApp;
let daemon: TestDaemon;
beforeAll(async () => {
  app = await startApp();
  daemon = await startDaemon(app);
});
afterAll(async () => {
  await stopDaemons();
  await removePanels();
  await app.stop();
});

/** Bytes on a connection, and all that comes back until it closes. */
async function speak(bytes: string): Promise<{ status: number; body: any }> {
  const socket = connect(Number(new URL(daemon.daemon.url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(bytes);
  const answer = await text(socket);
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toContain('content-type: application/json; charset=utf-8');
  return { status: Number(head.split(' ')[1]), body: JSON.parse(body) };
}

describe('the door of the panel API', () => {
  it.each([
    [undefined, 'Missing authorization'],
    ['', 'Missing authorization'],
    ['Bearer', 'Invalid token'],
    ['Bearer ', 'Invalid token'],
    ['Bearer mat_wrong', 'Invalid token'],
    ['Basic YTpi', 'Invalid token'],
  ])('is closed to the authorization %j', async (authorization, error) => {
    const { port } = new URL(daemon.daemon.url);
    const header = authorization === undefined ? '' : `authorization: ${authorization}\r\n`;
    const answer = await speak(
      `GET /api/v1/license/ HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${header}connection: close\r\n\r\n`,
    );
    expect(answer).toEqual({ status: 401, body: failure(401, 'UNAUTHORIZED', error) });
  });

  it('takes the token, however the scheme is written', async () => {
    const authorization = `bearer  ${daemon.token}`;
    expect((await daemon.call('GET', '/license/', undefined, { authorization })).status).toBe(200);
  });

  it('does not read the body of a stranger', async () => {
    const reply = await daemon.raw('POST', '/api/v1/license/activate', '{"key":', {
      authorization: 'Bearer x',
    });
    expect(reply.status).toBe(401);
  });

  it.each(['localhost', 'LOCALHOST:1', '127.0.0.1', '[::1]:3082'])('is reached as %s', async (host) => {
    expect((await daemon.call('GET', '/license/', undefined, { host })).status).toBe(200);
  });

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80', '10.0.0.1', '[::1'])(
    'is not reached as %j, whatever the token',
    async (host) => {
      const reply = await daemon.call('GET', '/license/', undefined, { host });
      expect(reply.body).toEqual(failure(403, 'FORBIDDEN', 'Host is not allowed'));
    },
  );

  it.each(['https://evil.example', 'null', 'http://127.0.0.1:3082'])(
    'is closed to a web page of %s',
    async (origin) => {
      const reply = await daemon.call('GET', '/license/', undefined, { origin });
      expect(reply.body).toEqual(failure(403, 'FORBIDDEN', 'Requests of web pages are not allowed'));
    },
  );

  it.each(['/license', '/license/', '/version/info'])(
    'takes a whole address as a target, and HEAD, for %s',
    async (path) => {
      const own = await daemon.call('GET', path);
      const whole = await daemon.raw('GET', `${daemon.daemon.url}/api/v1${path}`, undefined, {
        host: 'proxy.example',
      });
      expect([whole.status, whole.body]).toEqual([200, own.body]);
      const head = await daemon.call('HEAD', path);
      expect([head.status, head.body]).toEqual([200, null]);
      expect(head.headers['content-length']).toBe(own.headers['content-length']);
    },
  );

  it('does not keep the line of a HEAD for events', async () => {
    const { status, headers } = await daemon.call('HEAD', '/license/events');
    expect([status, headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect((await daemon.call('HEAD', '/license/activate')).status).toBe(404);
  });

  it('goes on with a connection after each kind of answer', async () => {
    const { port } = new URL(daemon.daemon.url);
    const head = `host: 127.0.0.1:${port}\r\nauthorization: Bearer ${daemon.token}\r\n`;
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `GET /nothing HTTP/1.1\r\n${head}\r\nGET /api/v1/license/ HTTP/1.1\r\n${head}connection: close\r\n\r\n`,
    );
    const answers = await text(socket);
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 200']);
  });
});

describe('what is hardly HTTP', () => {
  const from = 'host: localhost\r\nconnection: close\r\n';

  it.each([
    ['noise', '\0\0\0\r\n\r\n', 400, 'VALIDATION_ERROR', 'Invalid request'],
    ['an old greeting', 'GET /\r\n\r\n', 403, 'FORBIDDEN', 'Host is not allowed'],
    [
      'headers without end',
      `GET / HTTP/1.1\r\n${from}a: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'VALIDATION_ERROR',
      'Request headers are too large',
    ],
    [
      'two lengths',
      `POST / HTTP/1.1\r\n${from}content-length: 1\r\ncontent-length: 2\r\n\r\nab`,
      400,
      'VALIDATION_ERROR',
      'Invalid request',
    ],
    [
      'an expectation that nobody meets',
      `GET / HTTP/1.1\r\n${from}expect: miracles\r\n\r\n`,
      417,
      'VALIDATION_ERROR',
      'Expectation failed',
    ],
    ['a tunnel', 'CONNECT localhost:1 HTTP/1.1\r\nhost: localhost:1\r\n\r\n', 404, 'NOT_FOUND', 'Not found'],
    [
      'no host',
      'GET /api/v1/license/ HTTP/1.1\r\nconnection: close\r\n\r\n',
      403,
      'FORBIDDEN',
      'Host is not allowed',
    ],
    [
      'another address as a target',
      `GET http://evil.example/api/v1/license/ HTTP/1.1\r\n${from}\r\n`,
      403,
      'FORBIDDEN',
      'Host is not allowed',
    ],
    [
      'a whole address as a target, without the token',
      `GET http://localhost/api/v1/license/ HTTP/1.1\r\n${from}\r\n`,
      401,
      'UNAUTHORIZED',
      'Missing authorization',
    ],
    [
      'a protocol to change to',
      `GET /api/v1/license/ HTTP/1.1\r\nhost: localhost\r\nconnection: close, upgrade\r\nupgrade: websocket\r\n\r\n`,
      401,
      'UNAUTHORIZED',
      'Missing authorization',
    ],
  ])('%s is answered in the envelope', async (_, bytes, status, code, error) => {
    expect(await speak(bytes)).toEqual({ status, body: failure(status, code, error) });
  });

  it('does no harm to the next caller', async () => {
    const socket = connect(Number(new URL(daemon.daemon.url).port), '127.0.0.1');
    socket.write(
      `POST /api/v1/license/activate HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${daemon.token}\r\ncontent-length: 100\r\n\r\n{"key`,
    );
    await once(socket, 'connect');
    await daemon.call('GET', '/license/');
    socket.destroy();
    expect((await daemon.call('GET', '/license/')).status).toBe(200);
    expect(daemon.lines.filter((line) => !/listens on|unlicensed/.test(line))).toEqual([]);
  });
});
