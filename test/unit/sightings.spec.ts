import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { setImmediate as turn } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import type { Ticker } from '../../src/jobs/ticker.js';
import { Sightings } from '../../src/licenses/sightings.js';

/** A database that writes what it is given, or fails, or finds every row in other hands. */
function build() {
  const database = { state: 'writes' as 'writes' | 'fails' | 'all held', statements: 0, largest: 0 };
  const written = new Map<string, string>();
  const pool = {
    query: async ({ values }: { values: [string] }) => {
      const rows = JSON.parse(values[0]) as { seat_id: string; version: string }[];
      database.statements++;
      database.largest = Math.max(database.largest, rows.length);
      await turn();
      if (database.state === 'fails') throw new Error('The disk is full');
      if (database.state === 'all held') return { rows: [], rowCount: 0 };
      for (const row of rows) written.set(row.seat_id, row.version);
      return { rows: rows.map(({ seat_id: id }) => ({ id })), rowCount: rows.length };
    },
  };
  const transaction = async (work: (manager: object) => Promise<void>) => {
    await work({ queryRunner: { isTransactionActive: true, connect: async () => atLast } });
  };
  const dataSource = { driver: { master: pool }, transaction } as unknown as DataSource;
  const sightings = new Sightings(dataSource, {} as Ticker);
  /** Rows that are waited for; the first of them in vain. */
  const atLast = {
    query: async ({ values }: { values: [string?] }) => {
      const [row] =
        values[0] === undefined ? [] : (JSON.parse(values[0]) as { seat_id: string; version: string }[]);
      if (row?.seat_id === 'seat 0') throw new Error('canceling statement due to lock timeout');
      if (row !== undefined) written.set(row.seat_id, row.version);
      return { rows: [], rowCount: 1 };
    },
  };
  const note = (from: number, to: number, version = '1.0.0') => {
    for (let seat = from; seat < to; seat++) {
      const report = { version, hostname: null, platform: null, arch: null, usage: null, address: null };
      sightings.note({ seatId: `seat ${seat}`, customerId: null, now: new Date(0), report });
    }
  };
  return { database, written, sightings, note };
}

const told = (version: string, usage: Record<string, number> | null) => ({
  seatId: 'seat',
  customerId: null,
  now: new Date(0),
  report: { version, hostname: null, platform: null, arch: null, usage, address: null },
});

async function settled(): Promise<void> {
  for (let turns = 0; turns < 100; turns++) await turn();
}

describe('sightings', () => {
  it('wait for the flush, and are written before it when there are many', async () => {
    const { database, written, note } = build();
    note(0, 1_999);
    await settled();
    expect(database.statements).toBe(0);
    note(0, 1_000);
    await settled();
    expect(database.statements).toBe(0);
    note(1_999, 2_000);
    await settled();
    expect(written.size).toBe(2_000);
    expect(database).toMatchObject({ statements: 4, largest: 500 });
  });

  it.each([
    ['fails', 1],
    ['all held', 5],
  ] as const)(
    'are not tried again at every call while the database %s, and all are written afterwards',
    async (state, once) => {
      const { database, written, sightings, note } = build();
      database.state = state;
      // Answered together: the first of them to be one too many begins the flush, and only that.
      note(0, 2_050);
      await settled();
      expect(database.statements).toBe(once);
      for (let seat = 2_050; seat < 3_000; seat++) {
        note(seat, seat + 1);
        await turn();
      }
      await settled();
      expect(database.statements).toBe(once);
      database.state = 'writes';
      await sightings.flush();
      expect(written.size).toBe(3_000);
      // And as ever from then on.
      note(3_000, 5_000);
      await settled();
      expect(written.size).toBe(5_000);
    },
  );

  it('are no more than fit, of which known seats still tell what is new', async () => {
    const { database, written, sightings, note } = build();
    database.state = 'fails';
    note(0, 60_000);
    await settled();
    const failing = sightings.flush();
    await Promise.resolve();
    await Promise.resolve();
    note(0, 1, '2.0.0');
    await expect(failing).rejects.toThrow('The disk is full');
    database.state = 'writes';
    await sightings.flush();
    expect(written.size).toBe(50_000);
    expect(written.get('seat 0')).toBe('2.0.0');
    note(60_000, 60_001);
    await sightings.flush();
    expect(written.size).toBe(50_001);
  });

  it('that come during a flush that fails follow what it should have written', async () => {
    const { database, written, sightings, note } = build();
    database.state = 'fails';
    note(0, 3);
    const failing = sightings.flush();
    await turn();
    note(1, 2, '1.1.0');
    expect(sightings.pending('seat 1', null)).toMatchObject({ version: '1.1.0' });
    expect(sightings.pending('seat 2', null)).toMatchObject({ version: '1.0.0' });
    await expect(failing).rejects.toThrow('The disk is full');
    database.state = 'writes';
    await sightings.flush();
    expect(Object.fromEntries(written)).toEqual({ 'seat 0': '1.0.0', 'seat 1': '1.1.0', 'seat 2': '1.0.0' });
    expect(sightings.pending('seat 1', null)).toBeUndefined();
  });

  it('during a flush are told as one with what is on its way', async () => {
    const { sightings } = build();
    sightings.note(told('1.0.0', { accounts: 7 }));
    const flushed = sightings.flush();
    await Promise.resolve();
    await Promise.resolve();
    sightings.note(told('1.1.0', null));
    expect(sightings.pending('seat', null)).toMatchObject({ version: '1.1.0', usage: { accounts: 7 } });
    await flushed;
  });

  it('are written when the service stops, but for those whose seats are held to the end', async () => {
    const { database, written, sightings, note } = build();
    database.state = 'all held';
    note(0, 3);
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    await sightings.onApplicationShutdown();
    expect([...written.keys()]).toEqual(['seat 1', 'seat 2']);
    expect(warn.mock.calls.flat()).toEqual([
      'When 1 panels called last could not be noted: their seats are held',
    ]);
    warn.mockRestore();
  });
});
