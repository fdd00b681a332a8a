import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { runAdmin } from '../../src/admin-cli/run.js';
import { Sealer } from '../../src/admin/audit/sealer.js';
import { verifyAudit } from '../../src/admin/audit/verify.js';
import { recordAudit } from '../../src/database/audit.js';
import { inTransaction } from '../../src/database/statements.js';
import { SYSTEM } from '../../src/domain/actor.js';
import { Pepper } from '../../src/signing/data-keys.js';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { restartedSealer, sealAll, tamper } from '../setup/audit.js';
import { startNodes, type Nodes } from '../setup/nodes.js';
import { stopTicks } from '../setup/ticks.js';

const EVENTS = 12;

/** Seqs and ids of the chain, oldest first. */
const chainOf = (app: TestApp): Promise<{ seq: number; event_id: string }[]> =>
  app.sql('select seq::int, event_id from audit_chain order by seq');

const verify = async (app: TestApp, query = '') => {
  const { status, body } = await app.admin('GET', `/audit/verify${query}`);
  expect(status).toBe(200);
  return body.data;
};

const line = ({ kind, seq, through, event_id }: any): string =>
  `${kind} ${seq ?? '-'}${through === null ? '' : `-${through}`} ${event_id ?? '-'}`;

const told = ({ problems }: any): string[] => problems.map(line);

async function appWithEvents(): Promise<TestApp> {
  const app = await startApp();
  await stopTicks(app);
  for (let i = 0; i < EVENTS; i++) await app.must('POST', '/products', { code: `p-${i}`, name: `P ${i}` });
  await sealAll(app);
  return app;
}

describe('a running service', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  it('seals what is committed without being asked', async () => {
    const { id } = await app.must('POST', '/products', { code: 'by-itself', name: 'P' });
    const sealed = async () => {
      const rows = await app.sql(
        'select c.seq from audit_chain c join audit_events e on e.id = c.event_id where e.subject_id = $1',
        [id],
      );
      return rows.length === 1;
    };
    while (!(await sealed())) await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await verify(app)).valid).toBe(true);
  });
});

describe('the chain', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await appWithEvents();
  });
  afterAll(() => app.stop());

  it('holds every event once, in the order of sealing and without a gap', async () => {
    const chain = await chainOf(app);
    expect(chain.map(({ seq }) => seq)).toEqual(chain.map((_, index) => index + 1));
    const events = await app.sql('select id from audit_events order by id');
    expect(chain.map(({ event_id }) => event_id).toSorted()).toEqual(events.map(({ id }) => id));
    const data = await verify(app);
    const [last] = await app.sql(
      `select seq::int, encode(hash, 'hex') as hash from audit_chain order by seq desc limit 1`,
    );
    expect(data).toEqual({
      valid: true,
      checked: events.length,
      unsealed: 0,
      pruned: null,
      head: last,
      problem_count: 0,
      problems: [],
    });
  });

  it('takes up an event that commits behind younger ones', async () => {
    const runner = app.dataSource.createQueryRunner();
    await runner.startTransaction();
    await recordAudit(runner.manager, SYSTEM, app.clock.now(), {
      action: 'test.late',
      subjectType: 'test',
      subjectId: null,
    });
    const [{ id: late }] = await runner.query(`select id from audit_events where action = 'test.late'`);
    await app.must('POST', '/products', { code: 'younger', name: 'P' });
    await sealAll(app);
    await runner.commitTransaction();
    await runner.release();
    await sealAll(app);
    expect((await chainOf(app)).at(-1)?.event_id).toBe(late);
    expect((await verify(app)).valid).toBe(true);
  });

  it('leaves nothing behind when sealing is cut off, and goes on', async () => {
    await app.sql(`create function fail() returns trigger language plpgsql as
      $$ begin raise exception 'cut off'; end $$`);
    await app.sql(`create trigger cut before delete on audit_unsealed execute function fail()`);
    await app.must('POST', '/products', { code: 'cut-off', name: 'P' });
    const before = await chainOf(app);
    await expect(app.nest.get(Sealer, { strict: false }).seal()).rejects.toThrow('cut off');
    expect(await chainOf(app)).toEqual(before);
    expect(await verify(app)).toMatchObject({ valid: true, unsealed: 1 });
    await app.sql('drop trigger cut on audit_unsealed');
    await sealAll(app);
    expect(await chainOf(app)).toHaveLength(before.length + 1);
    expect(await verify(app)).toMatchObject({ valid: true, unsealed: 0 });
  });

  it('is not sealed twice where an event is listed as unsealed again', async () => {
    const before = await chainOf(app);
    const again = 'insert into audit_unsealed select event_id from audit_chain where seq <= 3';
    await expect(app.sql(again)).rejects.toThrow(/audit event .* is sealed/);
    await tamper(app, again);
    await app.must('POST', '/products', { code: 'after-the-list', name: 'P' });
    await sealAll(app);
    expect(await chainOf(app)).toHaveLength(before.length + 1);
    expect((await verify(app)).valid).toBe(true);
  });

  it.each(['audit_events', 'audit_chain'])('%s refuses every change', async (table) => {
    for (const change of [
      `update ${table} set ${table === 'audit_chain' ? 'hash' : 'action'} = default`,
      `delete from ${table}`,
      `truncate ${table} cascade`,
    ]) {
      await expect(app.sql(change)).rejects.toThrow(`${table} is append only`);
    }
    expect((await verify(app)).valid).toBe(true);
  });

  it('lets what names a person be erased by an erasure, and by nothing else', async () => {
    const erase =
      'delete from audit_personal where event_id = (select event_id from audit_personal limit 1) returning event_id';
    for (const statement of [erase, 'truncate audit_personal']) {
      await expect(app.sql(statement)).rejects.toThrow('audit_personal is emptied by an erasure');
    }
    const id = await app.dataSource.transaction(async (manager) => {
      await manager.query(`set local mooring.erasure = 'on'`);
      return (await manager.query(erase))[0][0].event_id as string;
    });
    expect((await app.must('GET', `/audit/${id}`)).personal_erased).toBe(true);
    expect((await verify(app)).valid).toBe(true);
  });

  it.each(['x', '1', `1:${'g'.repeat(64)}`, `1:${'A'.repeat(64)}`])('refuses the head %s', async (head) => {
    const { status, body } = await app.admin('GET', `/audit/verify?head=${head}`);
    expect([status, body.details]).toEqual([422, { head: ['The head field format is invalid.'] }]);
  });

  it('is verified with nothing but the right to read', async () => {
    const { key } = await app.must('POST', '/api-keys', { name: 'auditor', permissions: ['audit:read'] });
    const get = (path: string) =>
      app.request('GET', `/api/v1/admin/audit${path}`, { headers: { 'x-admin-key': key } });
    expect((await get('/verify')).body.data.valid).toBe(true);
    const other = await app.must('POST', '/api-keys', { name: 'other', permissions: ['licenses:write'] });
    const refused = await app.request('GET', '/api/v1/admin/audit/verify', {
      headers: { 'x-admin-key': other.key },
    });
    expect([refused.status, refused.body.error]).toEqual([403, "API key is not scoped for 'audit'"]);
  });

  it('is not walked on for somebody who has left', async () => {
    const { manager } = app.dataSource;
    const walking = manager.transaction(async (transaction) =>
      verifyAudit(await inTransaction(transaction), {
        pepper: app.nest.get(Pepper),
        signal: AbortSignal.abort(new Error('gone')),
      }),
    );
    await expect(walking).rejects.toThrow('gone');
  });

  it('is written down every hour, outside of the database', async () => {
    const [{ schedules }] = (await app.sql(
      `select count(*)::int as schedules from pgboss.schedule where name = 'audit-anchor'`,
    )) as [any];
    expect(schedules).toBe(1);
    await app.nest.get(Sealer, { strict: false }).anchor();
  });
});

describe('what is done behind the back of the service', () => {
  let app: TestApp;
  let chain: { seq: number; event_id: string }[];
  beforeAll(async () => {
    app = await appWithEvents();
    chain = await chainOf(app);
  });
  afterAll(() => app.stop());
  const idOf = (seq: number) => chain[seq - 1]?.event_id ?? '';

  /** What verification finds after these statements, which are undone then. */
  async function found(...statements: [text: string, ...values: unknown[]][]): Promise<string[]> {
    const runner = app.dataSource.createQueryRunner();
    await runner.startTransaction();
    try {
      await runner.query(`set local session_replication_role = 'replica'`);
      for (const [text, ...values] of statements) await runner.query(text, values);
      const { valid, problems } = await verifyAudit(await inTransaction(runner.manager), {
        pepper: app.nest.get(Pepper),
      });
      expect(valid).toBe(problems.length === 0);
      return problems.map(({ eventId, ...rest }) => line({ ...rest, event_id: eventId }));
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
  }

  const NEW_EVENT = `insert into audit_events (id, occurred_at, actor_type, action, subject_type, mac)
    values ($1, now(), 'system', 'license.created', 'license', '')`;

  it('is nothing until something is done', async () => {
    expect(await found()).toEqual([]);
  });

  it.each([
    ['the action', `action = 'product.deleted'`],
    ['the details', `details = jsonb_set(details, '{name}', '"other"')`],
    ['the actor', `actor_id = null`],
    ['the kind of actor', `actor_type = 'system'`],
    ['the subject', `subject_id = 'another'`],
    ['the kind of subject', `subject_type = 'another'`],
    ['the request', `request_id = 'another'`],
    ['the time, by a microsecond', `occurred_at = occurred_at + interval '1 microsecond'`],
  ])('a change of %s is found', async (_, change) => {
    const problems = await found([`update audit_events set ${change} where id = $1`, idOf(5)]);
    expect(problems).toEqual([`changed 5 ${idOf(5)}`]);
  });

  it('a change of the hash of what names a person is found', async () => {
    expect(await found(['update audit_events set personal_hash = null where id = $1', idOf(5)])).toEqual([
      `changed 5 ${idOf(5)}`,
      `personal_changed 5 ${idOf(5)}`,
    ]);
  });

  it('every changed event is named', async () => {
    const ids = [idOf(2), idOf(3), idOf(9)];
    expect(await found([`update audit_events set action = 'x.y' where id = any($1)`, ids])).toEqual([
      `changed 2 ${idOf(2)}`,
      `changed 3 ${idOf(3)}`,
      `changed 9 ${idOf(9)}`,
    ]);
  });

  it('a removed event is found', async () => {
    expect(await found(['delete from audit_events where id = $1', idOf(6)])).toEqual([
      `removed 6 ${idOf(6)}`,
    ]);
  });

  it('events removed with their links are found', async () => {
    expect(
      await found(
        ['delete from audit_events where id = any($1)', [idOf(6), idOf(7)]],
        ['delete from audit_chain where seq in (6, 7)'],
      ),
    ).toEqual(['removed 6-7 -']);
  });

  it('a link removed from its event is found', async () => {
    expect(await found(['delete from audit_chain where seq = 6'])).toEqual([
      'removed 6-6 -',
      `inserted - ${idOf(6)}`,
    ]);
  });

  it('links that were moved up to close a gap are found, each of them', async () => {
    const problems = await found(
      ['delete from audit_events where id = $1', idOf(6)],
      ['delete from audit_chain where seq = 6'],
      ['update audit_chain set seq = seq + 1000000 where seq > 6'],
      ['update audit_chain set seq = seq - 1000001 where seq > 6'],
    );
    expect(problems).toEqual(chain.slice(6).map(({ seq, event_id }) => `changed ${seq - 1} ${event_id}`));
  });

  it('an inserted event is found', async () => {
    const id = uuidv7();
    expect(await found([NEW_EVENT, id])).toEqual([`inserted - ${id}`]);
  });

  it('an event inserted with a link of its own is found', async () => {
    const id = uuidv7();
    const forged = `insert into audit_chain (seq, event_id, previous_hash, hash, sealed_at)
      select seq + 1, $1, hash, sha256(hash), now() from audit_chain order by seq desc limit 1`;
    expect(await found([NEW_EVENT, id], [forged, id])).toEqual([`changed ${chain.length + 1} ${id}`]);
  });

  it('links with numbers beyond all bounds are found, and end', async () => {
    const forged = `insert into audit_chain (seq, event_id, previous_hash, hash, sealed_at)
      select 9223372036854770000 + i, gen_random_uuid(), '', '', now() from generate_series(1, 1200) i`;
    expect((await found([forged]))[0]).toMatch(new RegExp(`^removed ${chain.length + 1}-9`));
  });

  it('two events that were swapped are found', async () => {
    const swap = `update audit_events a set action = b.action, subject_id = b.subject_id, details = b.details
      from audit_events b where (a.id, b.id) in (($1::uuid, $2::uuid), ($2::uuid, $1::uuid))`;
    expect(await found([swap, idOf(4), idOf(8)])).toEqual([`changed 4 ${idOf(4)}`, `changed 8 ${idOf(8)}`]);
  });

  it('two links that were swapped are found', async () => {
    expect(
      await found(
        ['update audit_chain set seq = 1000 where seq = 4'],
        ['update audit_chain set seq = 4 where seq = 8'],
        ['update audit_chain set seq = 8 where seq = 1000'],
      ),
    ).toEqual([`changed 4 ${idOf(8)}`, `changed 8 ${idOf(4)}`]);
  });

  it.each([
    ['hash', 'hash = sha256(hash)'],
    ['previous hash', 'previous_hash = sha256(previous_hash)'],
    ['time', `sealed_at = sealed_at - interval '1 microsecond'`],
  ])('a link with another %s is found', async (_, change) => {
    expect(await found([`update audit_chain set ${change} where seq = 5`])).toEqual([`changed 5 ${idOf(5)}`]);
  });

  it('another address is found, and one put where there was none', async () => {
    const move = `update audit_personal set data = jsonb_set(data, '{address}', '"192.0.2.1"') where event_id = $1`;
    expect(await found([move, idOf(5)])).toEqual([`personal_changed 5 ${idOf(5)}`]);
    const swap = `update audit_personal a set salt = b.salt, data = jsonb_set(b.data, '{x}', '1')
      from audit_personal b where a.event_id = $1 and b.event_id = $2`;
    expect(await found([swap, idOf(5), idOf(6)])).toEqual([`personal_changed 5 ${idOf(5)}`]);
    const [{ id }] = (await app.sql('select id from audit_events where personal_hash is null limit 1')) as [
      any,
    ];
    const { seq } = chain.find(({ event_id }) => event_id === id) as { seq: number };
    expect(
      await found([`insert into audit_personal (event_id, salt, data) values ($1, '', '{}')`, id]),
    ).toEqual([`personal_changed ${seq} ${id}`]);
  });

  it('an event that was taken away before it was sealed is found', async () => {
    const id = uuidv7();
    expect(await found(['insert into audit_unsealed (event_id) values ($1)', id])).toEqual([
      `removed - ${id}`,
    ]);
  });
});

describe('events that the service did not write', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await startApp();
    await stopTicks(app);
    await app.must('POST', '/products', { code: 'p', name: 'P' });
    await sealAll(app);
  });
  afterEach(() => app.stop());

  /** As anybody can who may write to the tables, without touching a trigger. */
  const insert = async (details = '{}', mac = '\\x00') => {
    const id = uuidv7();
    await app.sql(
      `insert into audit_events (id, occurred_at, actor_type, action, subject_type, details, mac)
       values ($1, now(), 'system', 'license.created', 'license', $2, $3)`,
      [id, details, mac],
    );
    await app.sql('insert into audit_unsealed values ($1)', [id]);
    return id;
  };

  it('are not sealed but named, and hold up no other', async () => {
    const before = await chainOf(app);
    const id = await insert();
    const { id: product } = await app.must('POST', '/products', { code: 'q', name: 'Q' });
    await restartedSealer(app).seal();
    const [{ event_id: last }] = (await chainOf(app)).slice(before.length) as [any];
    const [{ subject_id: sealed }] = (await app.sql('select subject_id from audit_events where id = $1', [
      last,
    ])) as [any];
    expect([sealed, (await chainOf(app)).length]).toEqual([product, before.length + 1]);
    expect(await app.sql('select event_id from audit_unsealed')).toEqual([{ event_id: id }]);
    expect(told(await verify(app))).toEqual([`changed - ${id}`]);
  });

  it('can not be written without a mark', async () => {
    await expect(insert('{}', null as never)).rejects.toThrow('audit_events_mac_check');
  });

  it('are told in the log once', async () => {
    const id = await insert();
    const sealer = restartedSealer(app);
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    try {
      await sealer.seal();
      await sealer.seal();
      const lines = error.mock.calls.flat().filter((text) => String(text).includes(id));
      expect(lines).toHaveLength(1);
    } finally {
      error.mockRestore();
    }
  });

  it('are not made of sealed ones by sealing all of it again', async () => {
    const ids = (await chainOf(app)).map(({ event_id }) => event_id);
    const [first, second] = ids as [string, string];
    await tamper(app, 'delete from audit_chain');
    await tamper(
      app,
      `update audit_events set details = details || '{"a": 1.00000000000000000001}' where id = $1`,
      [first],
    );
    await tamper(app, `update audit_events set action = 'x.y' where id = $1`, [second]);
    await app.sql('insert into audit_unsealed select unnest($1::uuid[])', [ids]);
    await restartedSealer(app).seal();
    expect((await chainOf(app)).map(({ event_id }) => event_id)).toEqual(ids.slice(2));
    expect(told(await verify(app))).toEqual([`changed - ${first}`, `changed - ${second}`].toSorted());
  });

  it('are not sealed again by a node that has seen the chain, changed or not', async () => {
    const sealer = restartedSealer(app);
    await app.must('POST', '/products', { code: 'q', name: 'Q' });
    await sealer.seal();
    await sealer.anchor();
    const ids = (await chainOf(app)).map(({ event_id }) => event_id);
    await tamper(app, 'delete from audit_chain');
    await app.sql('insert into audit_unsealed select unnest($1::uuid[])', [ids]);
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    try {
      await sealer.seal();
      await sealer.seal();
      expect(error.mock.calls.flat().join()).toContain(`no longer holds link ${ids.length}`);
    } finally {
      error.mockRestore();
    }
    expect(await chainOf(app)).toEqual([]);
    // Started anew it has seen nothing, and what the service wrote can be sealed.
    await restartedSealer(app).seal();
    expect(await chainOf(app)).toHaveLength(ids.length);
  });

  it('are sealed without a mark only from before there was one: first of all', async () => {
    await app.sql('alter table audit_events drop constraint audit_events_mac_check');
    const ids = (await chainOf(app)).map(({ event_id }) => event_id);
    await tamper(app, 'update audit_events set mac = null where id = $1', [ids[0]]);
    await tamper(app, 'delete from audit_chain');
    await app.sql('insert into audit_unsealed select unnest($1::uuid[])', [ids]);
    expect((await verify(app)).valid).toBe(true);
    await restartedSealer(app).seal();
    expect(await chainOf(app)).toHaveLength(ids.length);
    const late = await insert('{}', null as never);
    await restartedSealer(app).seal();
    expect(await chainOf(app)).toHaveLength(ids.length);
    expect(told(await verify(app))).toEqual([`inserted - ${late}`]);
  });

  it.each([
    ['1', '1.00000000000000000001'],
    ['null', '1e999'],
  ])('differ from sealed ones even where %s has become %s', async (old, other) => {
    await app.dataSource.transaction((manager) =>
      recordAudit(manager, SYSTEM, app.clock.now(), {
        action: 'test.number',
        subjectType: 'test',
        subjectId: null,
        details: { n: JSON.parse(old) as unknown },
        personal: { n: 1 },
      }),
    );
    await sealAll(app);
    const [{ seq, event_id: id }] = (await chainOf(app)).slice(-1) as [any];
    expect((await verify(app)).valid).toBe(true);
    const n = `'{"n": ${other}}'`;
    await tamper(app, `update audit_events set details = ${n} where id = $1`, [id]);
    await tamper(app, `update audit_personal set data = ${n} where event_id = $1`, [id]);
    expect(told(await verify(app))).toEqual([`changed ${seq} ${id}`, `personal_changed ${seq} ${id}`]);
  });
});

describe('over HTTP and on the command line', () => {
  let app: TestApp;
  let chain: { seq: number; event_id: string }[];
  beforeEach(async () => {
    app = await appWithEvents();
    chain = await chainOf(app);
  });
  afterEach(() => app.stop());
  const idOf = (seq: number) => chain[seq - 1]?.event_id ?? '';

  it('a tail that was cut off is found with a head that was noted before', async () => {
    const { head } = await verify(app);
    const query = `?head=${head.seq}:${head.hash}`;
    expect((await verify(app, query)).valid).toBe(true);
    await tamper(
      app,
      'delete from audit_events where id in (select event_id from audit_chain where seq > 9)',
    );
    await tamper(app, 'delete from audit_chain where seq > 9');
    // A shorter chain holds as well: this is what a head is noted for.
    expect((await verify(app)).valid).toBe(true);
    expect(told(await verify(app, query))).toEqual([`removed 10-${head.seq} -`]);
    // Nor does it help to go on from there.
    for (let i = 9; i < head.seq; i++) await app.must('POST', '/products', { code: `n-${i}`, name: 'P' });
    await sealAll(app, restartedSealer(app));
    expect((await verify(app)).valid).toBe(true);
    const again = await chainOf(app);
    expect(told(await verify(app, query))).toEqual([`replaced ${head.seq} ${again[head.seq - 1]?.event_id}`]);
  });

  it('a chain that was put back to what it had been is found', async () => {
    const [old] = await app.sql('select * from audit_chain order by seq desc limit 1');
    await tamper(app, 'delete from audit_chain where seq = $1', [old.seq]);
    await app.sql('insert into audit_unsealed (event_id) values ($1)', [old.event_id]);
    app.clock.advance({ seconds: 1 });
    await app.must('POST', '/products', { code: 'next', name: 'P' });
    await sealAll(app, restartedSealer(app));
    expect((await verify(app)).valid).toBe(true);
    await tamper(app, 'update audit_chain set hash = $2, sealed_at = $3 where seq = $1', [
      old.seq,
      old.hash,
      old.sealed_at,
    ]);
    expect(told(await verify(app))).toEqual([`replaced ${old.seq} ${old.event_id}`]);
  });

  it('a thousand problems are counted, and a hundred named', async () => {
    await app.sql(
      `insert into audit_events (id, occurred_at, actor_type, action, subject_type, mac)
       select gen_random_uuid(), now(), 'system', 'x.y', 'x', '' from generate_series(1, 1000)`,
    );
    const { valid, problem_count: count, problems } = await verify(app);
    expect([valid, count, problems.length]).toEqual([false, 1_000, 100]);
  });

  it('verify-audit prints what is wrong and where the chain ends, and exits with 1', async () => {
    const run = async (...args: string[]) => {
      const lines: string[] = [];
      const say = (text: string) => void lines.push(text);
      const code = await runAdmin(['verify-audit', ...args], {
        loadConfig: () => app.config,
        clock: app.clock,
        say,
        complain: say,
      });
      return { code, lines };
    };
    const { head } = await verify(app);
    const end = `The chain ends at ${head.seq}:${head.hash}.`;
    expect(await run()).toEqual({
      code: 0,
      lines: [`${chain.length} events are sealed, 0 are not sealed yet.`, end, 'The audit log holds.'],
    });
    expect((await run('--head', `${head.seq}:${head.hash}`)).code).toBe(0);
    expect(await run('--head', 'x')).toEqual({
      code: 1,
      lines: ['--head must be a head as it was printed: SEQ:HASH.'],
    });
    // As the owner of the table can do it, without being a superuser.
    await app.sql('alter table audit_events disable trigger audit_events_append_only');
    await app.sql(`update audit_events set action = 'x.y' where id = $1`, [idOf(3)]);
    await tamper(app, 'delete from audit_events where id in ($1, $2, $3)', [idOf(6), idOf(8), idOf(9)]);
    await tamper(app, 'delete from audit_chain where seq in (8, 9)');
    expect(await run()).toEqual({
      code: 1,
      lines: [
        `changed at 3: event ${idOf(3)}`,
        `removed at 6: event ${idOf(6)}`,
        'removed at 8 to 9',
        `${chain.length - 2} events are sealed, 0 are not sealed yet.`,
        end,
        'The audit log does not hold: 3 problems.',
      ],
    });
  });
});

describe('two processes that write and seal at once', () => {
  let nodes: Nodes;
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'mooring-chain-'));
    nodes = await startNodes(2, {
      DATA_DIR: dataDir,
      MASTER_KEY: randomBytes(32).toString('base64'),
      // A connection for each call of a burst: what waits for one longer than five seconds is refused.
      DATABASE_POOL_SIZE: '60',
      LIMIT_ADMIN_PER_MINUTE: '1000000',
      LIMIT_LICENSE_PER_MINUTE: '1000000',
      LIMIT_ADDRESS_PER_MINUTE: '1000000',
    });
  });
  afterAll(async () => {
    await nodes.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('make one chain without a gap that holds every event once', async () => {
    const { key } = await nodes.sell(1_000);
    const sealed = async (): Promise<{ rounds: number; links: number }> =>
      (
        await nodes.sql(
          'select count(distinct sealed_at)::int as rounds, count(*)::int as links from audit_chain',
        )
      )[0];
    const isEnough = ({ rounds, links }: Awaited<ReturnType<typeof sealed>>) => rounds >= 5 && links >= 200;
    while (!isEnough(await sealed())) {
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, i) => nodes.panel(i, 'activate', panelBody(key, hardwareId()))),
      );
      expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    }
    const waiting = async () => (await nodes.sql('select count(*)::int as n from audit_unsealed'))[0].n;
    while ((await waiting()) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    const [counts] = await nodes.sql(
      `select (select count(*)::int from audit_events) as events, count(*)::int as links,
         count(distinct event_id)::int as sealed, min(seq)::int as first, max(seq)::int as last
       from audit_chain`,
    );
    const { events } = counts;
    expect(events).toBeGreaterThanOrEqual(200);
    expect(counts).toEqual({ events, links: events, sealed: events, first: 1, last: events });
    for (const node of [0, 1]) {
      const { body } = await nodes.admin(node, 'GET', '/audit/verify');
      expect(body.data).toMatchObject({ valid: true, checked: events, unsealed: 0 });
    }
  });
});
