import dns from 'node:dns';
import { mkdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { jest } from '@jest/globals';
import { SignJWT, base64url, decodeJwt, generateKeyPair } from 'jose';
import { hardwareId, panelBody, startApp, type TestApp } from '../../../test/setup/app.js';
import { selfSigned } from '../../../test/setup/certificate.js';
import { startLine, type Line, type Meddled, type Passing } from '../setup/line.js';
import { install, removePanels, type TestPanel } from '../setup/panels.js';

let app: TestApp;
let line: Line;
beforeAll(async () => {
  app = await startApp();
  line = await startLine(app.url);
});
afterEach(() => {
  line.meddle = null;
});
afterAll(async () => {
  await removePanels();
  await line.stop();
  await app.stop();
});

async function licensed(): Promise<TestPanel & { key: string; license: any }> {
  const { key, license } = await app.sell();
  const panel = await install(app, { server: line.url });
  expect((await panel.agent.activate(key)).answer).toBe('granted');
  return { ...panel, key, license };
}

const inBody = (change: (body: any) => object) => (answer: Passing) => ({
  body: JSON.stringify(change(JSON.parse(answer.body))),
});

const unsigned = (header: object, jws: string) =>
  `${base64url.encode(JSON.stringify(header))}.${jws.split('.')[1]}.`;

const sentence = async (server: string) => {
  const { key } = await app.sell();
  const { agent } = await install(app, { server });
  const outcome = await agent.activate(key);
  expect(outcome).toMatchObject({ answer: 'unreachable', status: { code: 'NOT_ACTIVATED' } });
  return outcome.problem;
};

const everywhere: Record<string, (answer: Passing) => Meddled> = {
  'a web page of a proxy': () => ({
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: '<!doctype html><title>Log in to the hotel</title>',
  }),
  'a redirect to a log-in page': () => ({ status: 302, headers: { location: 'https://hotel.example' } }),
  'half an answer': () => 'cut',
  'half an answer that ends like a whole one': ({ body }) => ({ body: body.slice(0, body.length / 2) }),
  'no answer': () => 'drop',
  'an answer without a proof': inBody(({ proof: _proof, ...body }) => body),
  'a refusal without a proof': () => ({
    status: 403,
    body: JSON.stringify({ valid: false, code: 'REVOKED', error: 'License has been revoked' }),
  }),
  'a refusal with the proof of a grant': ({ body }) => ({
    status: 403,
    body: JSON.stringify({ valid: false, code: 'REVOKED', error: 'No', proof: JSON.parse(body).proof }),
  }),
  'a proof without a signature': inBody((body) => ({
    ...body,
    proof: unsigned({ alg: 'none', typ: 'mooring-proof+jwt', kid: 'x' }, body.proof),
  })),
  'a proof whose text was changed': inBody((body) => {
    const [head, claims, signature] = body.proof.split('.');
    const told = JSON.parse(Buffer.from(claims, 'base64url').toString());
    return { ...body, proof: `${head}.${base64url.encode(JSON.stringify({ ...told, a: 1 }))}.${signature}` };
  }),
  'no lease': inBody(({ lease: _lease, ...body }) => body),
  'a lease without a signature': inBody((body) => ({
    ...body,
    lease: unsigned({ alg: 'none', typ: 'mooring-lease+jwt' }, body.lease),
  })),
  'a proof in place of the lease': inBody((body) => ({ ...body, lease: body.proof })),
  'a server error': () => ({ status: 500, body: JSON.stringify({ valid: false, code: 'INTERNAL_ERROR' }) }),
  'far too much': () => ({ body: `{"a":"${'a'.repeat(2 ** 21)}"}` }),
  'a list': () => ({ body: '[]' }),
};

describe('an answer that is not to be believed', () => {
  it.each(Object.entries(everywhere))(
    '%s is no verdict: the license stays, and is told to be unreachable',
    async (_what, meddle) => {
      const { agent, clock } = await licensed();
      clock.advance({ hours: 2 });
      line.meddle = ({ path, ...answer }) =>
        path.endsWith('/validate') ? meddle({ path, ...answer }) : null;
      const outcome = await agent.check();
      expect(outcome).toMatchObject({ answer: 'unreachable', code: 'UNREACHABLE' });
      expect(outcome.problem).toMatch(/\.$/);
      expect(outcome.status).toMatchObject({ state: 'unreachable', is_valid: true, has_license_file: true });
      expect(outcome.status.warnings).toEqual([outcome.problem]);
      line.meddle = null;
      expect(await agent.check()).toMatchObject({ answer: 'granted', status: { state: 'licensed' } });
    },
  );

  it.each(Object.entries(everywhere))(
    '%s activates nothing and leaves nothing behind',
    async (_w, meddle) => {
      const { key } = await app.sell();
      const { agent } = await install(app, { server: line.url });
      line.meddle = ({ path, ...answer }) =>
        path.endsWith('/activate') ? meddle({ path, ...answer }) : null;
      expect(await agent.activate(key)).toMatchObject({
        answer: 'unreachable',
        status: { state: 'unlicensed' },
      });
      line.meddle = null;
      // The seat that was taken meanwhile is found again.
      expect(await agent.activate(key)).toMatchObject({ answer: 'granted', status: { state: 'licensed' } });
    },
  );

  it('is one that was recorded and is sent again', async () => {
    const { agent, license } = await licensed();
    const recorded: Passing[] = [];
    line.meddle = (answer) => (recorded.push(answer), null);
    await agent.check();
    await app.must('POST', `/licenses/${license.id}/revoke`, {});
    line.meddle = () => recorded[0] ?? null;
    const outcome = await agent.check();
    expect(outcome).toMatchObject({ answer: 'unreachable' });
    expect(outcome.problem).toContain('sent again');
    line.meddle = null;
    expect(await agent.check()).toMatchObject({ answer: 'refused', code: 'REVOKED' });
  });

  it('is one with a lease for other hardware, or of another license', async () => {
    const { agent, license } = await licensed();
    await app.must('PATCH', `/licenses/${license.id}`, { max_activations: 2 });
    const body = panelBody(license.key, hardwareId());
    const { lease: otherHardware } = (await app.panel('activate', body)).body;
    line.meddle = inBody((answer) => ({ ...answer, lease: otherHardware }));
    expect((await agent.check()).problem).toContain('other hardware');

    const { key } = await app.sell();
    const { hardware_id: hardware = '' } = await agent.status();
    const { lease: otherLicense } = (await app.panel('activate', panelBody(key, String(hardware)))).body;
    line.meddle = inBody((answer) => ({ ...answer, lease: otherLicense }));
    expect((await agent.check()).problem).toContain('another license');
  });

  it('is one with an older lease than the one that is held', async () => {
    const { agent, clock } = await licensed();
    const leases: string[] = [];
    line.meddle = ({ body }) => (leases.push(JSON.parse(body).lease), null);
    await agent.check();
    clock.advance({ hours: 2 });
    await agent.check();
    line.meddle = inBody((answer) => ({ ...answer, lease: leases[0] }));
    const outcome = await agent.check();
    expect(outcome).toMatchObject({ answer: 'unreachable' });
    expect(outcome.problem).toContain('older');
  });

  it('is one that is signed with a secret that everybody knows', async () => {
    const { agent, stateDir } = await licensed();
    const { body } = JSON.parse(await readFile(join(stateDir, 'state.json'), 'utf8'));
    const [pin] = (typeof body === 'string' ? JSON.parse(body) : body).pins;
    const forge = (jws: string) =>
      new SignJWT(decodeJwt(jws))
        .setProtectedHeader({ alg: 'HS256', typ: 'mooring-lease+jwt', kid: pin.kid })
        .sign(Buffer.from(pin.x, 'base64url'));
    const { lease } = (await app.panel('validate', panelBody('x', hardwareId()))).body;
    expect(lease).toBeUndefined();
    const leases: string[] = [];
    line.meddle = ({ body: text }) => (leases.push(JSON.parse(text).lease), null);
    await agent.check();
    const forged = await forge(String(leases[0]));
    line.meddle = inBody((answer) => ({ ...answer, lease: forged }));
    expect((await agent.check()).problem).toContain('lease is not genuine');
  });

  it('is one by a key that brings itself along', async () => {
    const { agent } = await licensed();
    const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
    const jwk = await crypto.subtle.exportKey('jwk', publicKey);
    const forged: string[] = [];
    line.meddle = ({ body }) => (forged.push(JSON.parse(body).proof), null);
    await agent.check();
    const proof = await new SignJWT(decodeJwt(String(forged[0])))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'mooring-proof+jwt', kid: 'mine', jwk: jwk as object })
      .sign(privateKey);
    line.meddle = ({ path, ...answer }) =>
      path.endsWith('/validate') ? inBody((body) => ({ ...body, proof }))({ path, ...answer }) : null;
    expect(await agent.check()).toMatchObject({ answer: 'unreachable' });
  });
});

describe('a refusal that can not be written down', () => {
  it('counts for as long as the agent runs, and is written with the next check', async () => {
    const { agent, license, stateDir } = await licensed();
    await app.must('POST', `/licenses/${license.id}/suspend`, {});
    const file = join(stateDir, 'state.json');
    const before = await readFile(file);
    line.meddle = () => {
      // A folder can't be replaced by a file.
      rmSync(file);
      mkdirSync(file);
      return null;
    };
    const outcome = await agent.check().finally(() => {
      rmdirSync(file);
      writeFileSync(file, before, { mode: 0o600 });
    });
    expect(outcome).toMatchObject({ answer: 'refused', code: 'SUSPENDED' });
    expect(outcome.problem).toContain('state.json');
    expect(await agent.status()).toMatchObject({ state: 'unlicensed', code: 'SUSPENDED' });
    line.meddle = null;
    await agent.check();
    expect((await agent.folder.read())?.license?.refusal?.code).toBe('SUSPENDED');
    await app.must('POST', `/licenses/${license.id}/reinstate`, {});
    expect(await agent.check()).toMatchObject({ answer: 'granted', status: { state: 'licensed' } });
  });
});

describe('an answer that is lost', () => {
  it('to an activation that was repeated does not make a panel look like a copy', async () => {
    const { agent, clock, key, license } = await licensed();
    await agent.check();
    clock.advance({ hours: 2 });
    line.meddle = ({ path }) => (path.endsWith('/activate') ? 'drop' : null);
    expect(await agent.activate(key)).toMatchObject({ answer: 'unreachable', status: { is_valid: true } });
    line.meddle = null;
    expect(await agent.check()).toMatchObject({ answer: 'granted' });
    clock.advance({ hours: 2 });
    expect(await agent.check()).toMatchObject({ answer: 'granted' });
    const [seat] = await app.must('GET', `/licenses/${license.id}/activations`);
    expect(seat.clone_suspected_at).toBeNull();
  });

  it('to a check neither', async () => {
    const { agent, clock, license } = await licensed();
    await agent.check();
    for (let round = 0; round < 3; round++) {
      clock.advance({ hours: 2 });
      line.meddle = () => 'drop';
      await agent.check();
      await agent.check();
      line.meddle = null;
      expect(await agent.check()).toMatchObject({ answer: 'granted' });
    }
    const [seat] = await app.must('GET', `/licenses/${license.id}/activations`);
    expect(seat.clone_suspected_at).toBeNull();
  });
});

describe('a service that asks to wait', () => {
  it('is believed to when a balancer says so for it', async () => {
    const { agent } = await licensed();
    const headers = { 'retry-after': '77', 'content-type': 'text/html' };
    line.meddle = () => ({ status: 503, headers, body: '<h1>Back soon</h1>' });
    const outcome = await agent.check();
    expect(outcome).toMatchObject({ answer: 'unreachable', retryAfterSeconds: 77 });
    expect(outcome.problem).toContain("can't answer now");
  });

  it('is left alone for as long as it says, and no more than a day', async () => {
    const { agent, clock, twin } = await licensed();
    line.meddle = () => ({ status: 429, headers: { 'retry-after': '120' }, body: '{"valid":false}' });
    expect(await agent.check()).toMatchObject({ answer: 'unreachable', retryAfterSeconds: 120 });
    const { contact } = (await agent.folder.read()) ?? {};
    expect(contact?.notBefore).toBe(new Date(clock.now().getTime() + 120_000).toISOString());
    line.meddle = () => ({ status: 503, headers: { 'retry-after': '99999999' }, body: '{}' });
    await twin().check();
    expect((await agent.folder.read())?.contact.notBefore).toBe(
      new Date(clock.now().getTime() + 86_400_000).toISOString(),
    );
  });
});

/** A name server that knows nothing, in place of this machine's own. */
async function withoutNames<T>(code: string, work: () => Promise<T>): Promise<T> {
  const lookup = jest.spyOn(dns, 'lookup').mockImplementation(((...call: unknown[]) => {
    const callback = call.at(-1) as (error: Error) => void;
    process.nextTick(callback, Object.assign(new Error(`getaddrinfo ${code}`), { code }));
  }) as typeof dns.lookup);
  try {
    return await work();
  } finally {
    lookup.mockRestore();
  }
}

describe('a line that can not be had', () => {
  it('is told by what is wrong with it', async () => {
    // Nobody uses that port, nor does fetch refuse it.
    expect(await sentence('http://127.0.0.1:2')).toContain('nothing listens there');
    expect(await sentence('http://127.0.0.1:1')).toContain('kept for something else');
    const nameless = () => sentence('https://no-such-host.invalid');
    expect(await withoutNames('ENOTFOUND', nameless)).toContain('its name is unknown');
    expect(await withoutNames('EAI_AGAIN', nameless)).toContain('its name could not be looked up');
    expect(await sentence(`${app.url}/elsewhere`)).toContain('publishes no license keys');
  });

  it('is one whose certificate has expired, or that nobody vouches for', async () => {
    const old = selfSigned('127.0.0.1', new Date(Date.now() - 86_400_000));
    const expired = await startLine(app.url, old);
    const strange = await startLine(app.url, selfSigned('127.0.0.1', new Date()));
    const trusted = getCACertificates('default');
    try {
      setDefaultCACertificates([old.cert]);
      expect(await sentence(expired.url)).toContain('certificate has expired');
      expect(await sentence(strange.url)).toMatch(/certificate (is self-signed|has an unknown issuer)/);
    } finally {
      setDefaultCACertificates(trusted);
      await expired.stop();
      await strange.stop();
    }
  });
});
