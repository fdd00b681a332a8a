import { startApp, type TestApp } from '../../../test/setup/app.js';
import { asTimePasses, failure, startDaemon, stopDaemons } from '../setup/daemons.js';
import { removePanels } from '../setup/panels.js';
import { until } from '../setup/until.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  await stopDaemons();
  await removePanels();
  await app.stop();
});

describe('the events of the license', () => {
  it('begin with how it is, and go on with each change, whoever makes it', async () => {
    const { key, license } = await app.sell();
    const daemon = await startDaemon(app);
    const listener = await daemon.listen();
    expect([listener.status, listener.headers['content-type'], listener.headers['cache-control']]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      'no-store',
    ]);
    const first = await listener.next();
    expect(first).toMatchObject({ event: 'license', data: { license: { code: 'NOT_ACTIVATED' } } });
    expect(first.data).toEqual((await daemon.call('GET', '/license/')).body);

    await daemon.call('POST', '/license/activate', { key });
    const second = await listener.next();
    expect(second.data.license).toMatchObject({ state: 'licensed', is_valid: true });
    expect(Number(second.id)).toBeGreaterThan(Number(first.id));

    await app.must('POST', `/licenses/${license.id}/suspend`, {});
    await daemon.call('POST', '/license/refresh');
    expect((await listener.next()).data.license).toMatchObject({ state: 'unlicensed', code: 'SUSPENDED' });

    // The command line is another process on the same folder: nothing tells the daemon but the folder.
    await app.must('POST', `/licenses/${license.id}/reinstate`, {});
    await daemon.panel.twin().check();
    const isHeard = () => listener.text.split('event: ').length === 5;
    await asTimePasses(daemon.panel, isHeard, 'the news of it');
    expect((await listener.next()).data.license).toMatchObject({ state: 'licensed' });
    listener.close();
  });

  it('do not come for a renewal that changes nothing', async () => {
    const { key, license } = await app.sell();
    const daemon = await startDaemon(app);
    await daemon.call('POST', '/license/activate', { key });
    const listener = await daemon.listen();
    await listener.next();
    daemon.panel.clock.advance({ hours: 2 });
    const { body } = await daemon.call('POST', '/license/refresh');
    expect(Date.parse(body.license.last_checked)).toBe(app.clock.now().getTime());
    await app.must('POST', `/licenses/${license.id}/revoke`, {});
    await daemon.call('POST', '/license/refresh');
    expect((await listener.next()).data.license.code).toBe('REVOKED');
    listener.close();
  });

  it('keep the connection alive while nothing happens', async () => {
    const daemon = await startDaemon(app);
    const listener = await daemon.listen();
    await listener.next();
    await asTimePasses(daemon.panel, () => listener.text.includes('\n: '), 'a heartbeat');
    expect(listener.text).toMatch(/\n\n: still here\n\n/);
    listener.close();
  });

  it('go to 32 listeners at once, and to another when one has left', async () => {
    const daemon = await startDaemon(app);
    const listeners = await Promise.all(Array.from({ length: 32 }, () => daemon.listen()));
    expect(new Set(listeners.map(({ status }) => status))).toEqual(new Set([200]));
    const reply = await daemon.call('GET', '/license/events');
    expect(reply.body).toEqual(failure(429, 'RATE_LIMITED', 'Too many event listeners'));
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
    listeners.pop()?.close();
    await until(async () => {
      const late = await daemon.listen();
      if (late.status === 200) listeners.push(late);
      return late.status === 200;
    }, 'a place for another listener');
    for (const listener of listeners) listener.close();
  });

  it('end when the daemon stops', async () => {
    const daemon = await startDaemon(app);
    const listener = await daemon.listen();
    await listener.next();
    await daemon.daemon.stop();
    await listener.ended;
    expect(listener.text.endsWith('\n\n')).toBe(true);
  });
});
