import { decodeProtectedHeader } from 'jose';
import { startApp, type TestApp } from '../../../test/setup/app.js';
import { parseMasterKey } from '../../../src/signing/master-key.js';
import { rotateSigningKey } from '../../../src/signing/rotation.js';
import { startLine, type Line } from '../setup/line.js';
import { install, removePanels, type TestPanel } from '../setup/panels.js';

let app: TestApp;
let line: Line;
beforeEach(async () => {
  app = await startApp();
  line = await startLine(app.url);
});
afterEach(async () => {
  await line.stop();
  await app.stop();
});
afterAll(removePanels);

const rotate = (change: { compromised?: string; signsFrom?: Date } = {}) =>
  app.dataSource.transaction((manager) =>
    rotateSigningKey(manager, {
      masterKey: parseMasterKey(app.config.MASTER_KEY ?? ''),
      now: app.clock.now(),
      issuer: app.config.PUBLIC_URL,
      ...change,
    }),
  );

/** A key that signs from now on. */
const replaceKey = () => rotate({ signsFrom: app.clock.now() });

const publishedKids = async (): Promise<string[]> =>
  (await app.request('GET', '/api/v1/license/keys')).body.keys.map((key: { kid: string }) => key.kid);

async function licensed(): Promise<TestPanel & { key: string }> {
  const { key } = await app.sell();
  const panel = await install(app, { server: line.url });
  expect((await panel.agent.activate(key)).answer).toBe('granted');
  return { ...panel, key };
}

const pinsOf = async ({ agent }: TestPanel) => (await agent.folder.read())?.pins.map(({ kid }) => kid) ?? [];

const signerOf = async ({ agent }: TestPanel) =>
  decodeProtectedHeader((await agent.folder.read())?.license?.lease ?? '').kid;

describe('the keys that a panel trusts', () => {
  it('are those published when it was activated', async () => {
    expect(await pinsOf(await licensed())).toEqual(await publishedKids());
  });

  it('are followed by those that they endorse, over several rotations while it was away', async () => {
    const panel = await licensed();
    await replaceKey();
    app.clock.advance({ hours: 2 });
    await replaceKey();
    app.clock.advance({ hours: 2 });
    const { kid } = await replaceKey();
    app.clock.advance({ hours: 2 });
    expect(await panel.agent.check()).toMatchObject({ answer: 'granted', status: { state: 'licensed' } });
    expect(await signerOf(panel)).toBe(kid);
    expect((await pinsOf(panel)).toSorted()).toEqual((await publishedKids()).toSorted());
  });

  it('are asked for once, and not with every check', async () => {
    const panel = await licensed();
    await panel.agent.check();
    line.passed.length = 0;
    await panel.agent.check();
    expect(line.passed).toEqual(['POST /api/v1/license/validate']);
    app.clock.advance({ hours: 25 });
    await panel.agent.check();
    expect(line.passed).toContain('GET /api/v1/license/keys');
  });

  it('lose the one that was taken out because others hold it, within a day', async () => {
    const panel = await licensed();
    const [first = ''] = await publishedKids();
    await replaceKey();
    app.clock.advance({ hours: 25 });
    await panel.agent.check();
    expect(await pinsOf(panel)).toContain(first);
    await rotate({ compromised: first });
    app.clock.advance({ hours: 25 });
    expect(await panel.agent.check()).toMatchObject({ answer: 'granted' });
    expect(await pinsOf(panel)).not.toContain(first);
  });

  it('do not follow to a key that none of them endorses; to activate again is the way', async () => {
    const panel = await licensed();
    const [only = ''] = await publishedKids();
    await rotate({ compromised: only });
    const outcome = await panel.agent.check();
    expect(outcome).toMatchObject({ answer: 'unreachable', status: { state: 'unreachable' } });
    expect(outcome.problem).toContain('activate the license again');
    expect(await panel.agent.activate(panel.key)).toMatchObject({ answer: 'granted' });
    expect(await panel.agent.check()).toMatchObject({ answer: 'granted', status: { state: 'licensed' } });
  });

  it('are not those of another service behind the same name', async () => {
    const panel = await licensed();
    const other = await startApp();
    const impostor = await startLine(other.url);
    try {
      const outcome = await panel.twin({ server: impostor.url }).check();
      expect(outcome).toMatchObject({ answer: 'unreachable', status: { is_valid: true } });
      expect(outcome.problem).toContain('another server under the same name');
      expect(await panel.agent.check()).toMatchObject({ answer: 'granted' });
    } finally {
      await impostor.stop();
      await other.stop();
    }
  });

  it('can be named by the vendor, so that no other service ever licenses the panel', async () => {
    const { key } = await app.sell();
    const trustedKeys = await publishedKids();
    const { agent, twin } = await install(app, { trustedKeys });
    expect(await agent.activate(key)).toMatchObject({ answer: 'granted' });

    const own = await startApp();
    try {
      const sold = await own.sell();
      const outcome = await twin({ server: own.url }).activate(sold.key);
      expect(outcome).toMatchObject({ answer: 'unreachable', status: { state: 'licensed' } });
      expect(outcome.problem).toContain('has not named');
    } finally {
      await own.stop();
    }
    await replaceKey();
    expect(await agent.activate(key)).toMatchObject({ answer: 'granted' });
  });
});
