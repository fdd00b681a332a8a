import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { runAdmin } from '../../src/admin-cli/run.js';
import { Pruner } from '../../src/admin/audit/pruner.js';
import { verifyAudit } from '../../src/admin/audit/verify.js';
import { recordAudits } from '../../src/database/audit.js';
import { poolOf } from '../../src/database/data-source.js';
import { onPool, type Run } from '../../src/database/statements.js';
import { SYSTEM } from '../../src/domain/actor.js';
import { Pepper } from '../../src/signing/data-keys.js';
import { startApp, type TestApp } from '../setup/app.js';
import { restartedSealer, sealAll, tamper } from '../setup/audit.js';
import { stopTicks } from '../setup/ticks.js';

let app: TestApp;
afterEach(() => app.stop());

/** A log with so many events of a year ago, and one of today. */
async function appWithOldEvents(
  count: number,
  settings: Record<string, string> = { AUDIT_RETENTION_DAYS: '90' },
) {
  app = await startApp({ settings });
  await stopTicks(app);
  const entries = Array.from({ length: count }, (_, i) => ({
    action: 'test.old',
    subjectType: 'test',
    subjectId: `${i}`,
    personal: { host: `host-${i}` },
  }));
  await app.dataSource.transaction((manager) => recordAudits(manager, SYSTEM, app.clock.now(), entries));
  await sealAll(app);
  app.clock.advance({ days: 365 });
  await app.must('POST', '/products', { code: 'young', name: 'P' });
  await sealAll(app);
}

const pruner = () => app.nest.get(Pruner, { strict: false });

/** Prunes, and seals what tells of it. */
async function prune(): Promise<void> {
  await pruner().prune();
  await sealAll(app);
}

const verify = async (query = '') => (await app.admin('GET', `/audit/verify${query}`)).body.data;

const told = async (query = '') =>
  (await verify(query)).problems.map(({ kind, seq, through }: any) =>
    [kind, seq, through].filter((part) => part !== null),
  );

const seqs = async (): Promise<number[]> =>
  (await app.sql('select seq::int from audit_chain order by seq')).map(({ seq }) => seq);

const old = async (): Promise<number> =>
  (await app.sql(`select count(*)::int as n from audit_events where action = 'test.old'`))[0].n;

/** Nobody reads what a test provokes. */
async function complaints(work: () => Promise<unknown>): Promise<string> {
  const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  try {
    await work();
    return error.mock.calls.flat().join('\n');
  } finally {
    error.mockRestore();
  }
}

describe('the audit log', () => {
  it('is kept for ever unless told otherwise', async () => {
    await appWithOldEvents(3, {});
    const before = await seqs();
    await prune();
    expect(await seqs()).toEqual(before);
    expect((await verify()).pruned).toBeNull();
  });

  it('loses what is older than it is kept for, persons included, and holds all the same', async () => {
    await appWithOldEvents(1_200);
    const [head, before] = [(await verify()).head, await seqs()];
    await prune();
    expect(await old()).toBe(0);
    const data = await verify();
    const first = (await seqs())[0] ?? 0;
    expect(data).toMatchObject({ valid: true, problems: [], pruned: { seq: first - 1 } });
    expect(first).toBeGreaterThan(1_200);
    expect(first).toBeLessThanOrEqual(before.at(-1) ?? 0);
    // What was noted before holds on, and so does what is left.
    expect((await verify(`?head=${head.seq}:${head.hash}`)).valid).toBe(true);
    const events = await app.must('GET', '/audit?action=audit.pruned&sort=occurred_at');
    expect(
      events.map(({ actor_type, details: { from, through } }: any) => [actor_type, from, through]),
    ).toEqual([
      ['system', 1, 500],
      ['system', 501, 1_000],
      ['system', 1_001, first - 1],
    ]);
    const [{ orphans }] = await app.sql(
      'select count(*)::int as orphans from audit_personal where event_id not in (select id from audit_events)',
    );
    expect(orphans).toBe(0);
  });

  it('is pruned to a noted head, which must be that one', async () => {
    await appWithOldEvents(3);
    const before = await app.sql(
      `select seq::int, encode(hash, 'hex') as hash from audit_chain order by seq`,
    );
    await prune();
    const { seq } = (await verify()).pruned;
    const { hash } = before.find((link) => link.seq === seq) as any;
    expect(await told(`?head=${seq}:${hash}`)).toEqual([]);
    expect(await told(`?head=${seq}:${'0'.repeat(64)}`)).toEqual([['replaced', seq]]);
  });

  it('keeps its last link whatever its age, so that the next one is chained to it', async () => {
    await appWithOldEvents(3);
    app.clock.advance({ days: 3_650 });
    const last = (await seqs()).at(-1);
    await pruner().prune();
    expect(await seqs()).toEqual([last]);
    await sealAll(app, restartedSealer(app));
    expect(await seqs()).toEqual([last, (last ?? 0) + 1]);
    expect((await verify()).valid).toBe(true);
  });

  it('is sealed on by a node that has seen nothing but what was pruned', async () => {
    app = await startApp({ settings: { AUDIT_RETENTION_DAYS: '90' } });
    await stopTicks(app);
    const idle = restartedSealer(app);
    for (const [code, sealer] of [
      ['seen', idle],
      ['unseen', restartedSealer(app)],
      ['young', restartedSealer(app)],
    ] as const) {
      await app.must('POST', '/products', { code, name: 'P' });
      await sealAll(app, sealer);
      app.clock.advance({ days: 80 });
    }
    await pruner().prune();
    const before = await seqs();
    expect(await complaints(() => idle.seal())).toBe('');
    expect(await seqs()).toEqual([...before, (before.at(-1) ?? 0) + 1]);
    expect((await verify()).valid).toBe(true);
  });

  it.each(['audit-anchor', 'audit-links'])(
    'holds when it is pruned right behind %s of a walk',
    async (name) => {
      await appWithOldEvents(1_200);
      const pool = onPool(poolOf(app.dataSource));
      let isPruned = false;
      const run = (async (statement, values) => {
        const answer = await pool(statement, values);
        if (statement.name === name && !isPruned) {
          isPruned = true;
          await pruner().prune();
        }
        return answer;
      }) as Run;
      const { problems, pruned } = await verifyAudit(run, { pepper: app.nest.get(Pepper) });
      expect(problems).toEqual([]);
      expect(pruned?.seq).toBeGreaterThan(1_200);
      expect(await old()).toBe(0);
    },
  );

  it('is pruned by one of two that try at once', async () => {
    await appWithOldEvents(1_200);
    await Promise.all([pruner().prune(), pruner().prune()]);
    await prune();
    expect(await old()).toBe(0);
    expect((await verify()).valid).toBe(true);
  });

  it('is pruned in batches, and no further once the service stops', async () => {
    await appWithOldEvents(1_200);
    let looks = 0;
    await pruner().prune({
      get aborted() {
        looks += 1;
        return looks > 1;
      },
    } as AbortSignal);
    expect((await verify()).pruned.seq).toBe(500);
    expect(await told()).toEqual([]);
    const [event] = await app.must('GET', '/audit?action=audit.pruned');
    expect(event.details).toMatchObject({ from: 1, through: 500 });
    await prune();
    expect(await old()).toBe(0);
  });

  it('holds, and is pruned on, when a batch broke off in its middle', async () => {
    await appWithOldEvents(1_200);
    await app.sql('alter table audit_pruned add constraint breaks_off check (seq <= 500)');
    await expect(pruner().prune()).rejects.toThrow('breaks_off');
    expect((await seqs())[0]).toBe(501);
    expect(await verify()).toMatchObject({ valid: true, pruned: { seq: 500 } });
    await app.sql('alter table audit_pruned drop constraint breaks_off');
    await prune();
    expect(await old()).toBe(0);
    expect((await verify()).valid).toBe(true);
  });
});

describe('what somebody else takes from the log', () => {
  beforeEach(() => appWithOldEvents(10));

  const cut = 'delete from audit_events where id in (select event_id from audit_chain where seq <= 5)';
  const unchain = 'delete from audit_chain where seq <= 5';

  it('is missing from its beginning', async () => {
    await tamper(app, cut);
    await tamper(app, unchain);
    expect(await told()).toEqual([['removed', 1, 5]]);
    // And stays so: what does not hold is not pruned.
    expect(await complaints(prune)).toContain('does not hold');
    expect(await told()).toEqual([['removed', 1, 5]]);
  });

  it('is not made good by saying that it was pruned', async () => {
    await tamper(
      app,
      `insert into audit_pruned (seq, hash, pruned_at, mac) select seq, hash, now(), hash from audit_chain where seq = 5`,
    );
    await tamper(app, cut);
    await tamper(app, unchain);
    expect(await told()).toEqual([
      ['removed', 1, 5],
      ['changed', 5],
    ]);
    expect((await verify()).pruned).toBeNull();
    expect(await complaints(prune)).toContain('does not hold');
  });

  it('is not made good by an older note, nor by moving the true one', async () => {
    await prune();
    const [note] = await app.sql('select seq::int, hash, pruned_at, mac from audit_pruned');
    const [{ event_id: id, hash, seq }] = await app.sql(
      'select seq::int, event_id, hash from audit_chain order by seq limit 1',
    );
    await tamper(app, 'delete from audit_chain where seq = $1', [seq]);
    await tamper(app, 'delete from audit_events where id = $1', [id]);
    expect(await told()).toEqual([['removed', seq, seq]]);
    await tamper(app, 'update audit_pruned set seq = $1, hash = $2', [seq, hash]);
    expect(await told()).toContainEqual(['changed', seq]);
    await tamper(app, 'update audit_pruned set seq = $1, hash = $2', [note.seq, note.hash]);
    expect(await told()).toEqual([['removed', seq, seq]]);
    await tamper(app, 'delete from audit_pruned');
    expect(await told()).toEqual([['removed', 1, seq]]);
  });

  it('is not made good by taking all that was left behind the note', async () => {
    await prune();
    const { pruned, head } = await verify();
    await tamper(app, 'delete from audit_events');
    await tamper(app, 'delete from audit_chain');
    expect(await told()).toEqual([['removed', pruned.seq + 1]]);
    expect(await told(`?head=${head.seq}:${head.hash}`)).toContainEqual([
      'removed',
      pruned.seq + 1,
      head.seq,
    ]);
    // A node that starts anew and seals on from nothing does not hide it.
    await app.must('POST', '/products', { code: 'after', name: 'P' });
    await sealAll(app, restartedSealer(app));
    expect((await verify()).valid).toBe(false);
  });

  it.each(['audit_events', 'audit_chain', 'audit_personal'])(
    'is refused by %s, whose rows can only be pruned',
    async (table) => {
      const refusal = /append only|emptied by an erasure/;
      await expect(app.sql(`delete from ${table}`)).rejects.toThrow(refusal);
      const asPruner = (statement: string) =>
        app.dataSource.transaction(async (manager) => {
          await manager.query(`set local mooring.pruning = 'on'`);
          await manager.query(statement);
        });
      await expect(asPruner(`truncate ${table} cascade`)).rejects.toThrow(refusal);
    },
  );

  it.each([
    ['audit_events', 'action'],
    ['audit_chain', 'hash'],
  ])('and %s is changed by nobody', async (table, column) => {
    const change = app.dataSource.transaction(async (manager) => {
      await manager.query(`set local mooring.pruning = 'on'`);
      await manager.query(`update ${table} set ${column} = ${column}`);
    });
    await expect(change).rejects.toThrow(`${table} is append only`);
  });

  it('and what was changed stays, so that it can be named', async () => {
    await tamper(
      app,
      `update audit_events set details = '{"forged": 1}' where id = (select event_id from audit_chain where seq = 4)`,
    );
    expect(await complaints(prune)).toContain('does not hold at link 4');
    expect(await told()).toEqual([['changed', 4]]);
    expect((await seqs()).slice(0, 4)).toEqual([1, 2, 3, 4]);
  });

  it('is told by the command line as well', async () => {
    await prune();
    const lines: string[] = [];
    const say = (text: string) => void lines.push(text);
    const place = { loadConfig: () => app.config, clock: app.clock, say, complain: say };
    expect(await runAdmin(['verify-audit'], place)).toBe(0);
    const { seq } = (await verify()).pruned;
    expect(lines[0]).toMatch(new RegExp(`^What was sealed up to ${seq} has been pruned, last at `));
  });
});
