import { appendFile, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../src/clock.js';
import { LogTail } from '../../src/updates/log-tail.js';
import { isAlive, markOf } from '../../src/updates/process-mark.js';
import { silentProgress } from '../../src/updates/progress.js';
import { sweepDownloads } from '../../src/updates/sweep.js';
import { progressOn } from '../../src/updates/terminal-progress.js';
import { UpdateBook } from '../../src/updates/update-book.js';
import { NO_UPDATE_YET, readUpdateStatus, writeUpdateStatus } from '../../src/updates/update-status.js';

/** A clock that the test moves. */
class StandingClock implements Clock {
  time = Date.parse('2027-03-01T12:00:00Z');
  now = () => new Date(this.time);

  async sleep(milliseconds: number): Promise<void> {
    this.time += milliseconds;
  }
}

let dir: string;
const clock = new StandingClock();
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mooring-agent-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const version = async () => '1.0.0';

const FILE = { filename: 'panel.tgz', size: 10_000_000, received: 0 };

function stream(isTTY: boolean) {
  const out = Object.assign(new PassThrough(), {
    isTTY,
    columns: 120,
    cursorTo: () => true,
    clearLine: () => true,
    moveCursor: () => true,
  });
  return { out, text: () => String(out.read() ?? '') };
}

describe('the progress of a download', () => {
  it('is a line for each tenth where nobody looks on', async () => {
    const { out, text } = stream(false);
    const progress = await progressOn(out, clock);
    progress.begin(FILE);
    for (let bytes = 0; bytes <= FILE.size; bytes += 10_000) progress.received(bytes);
    progress.end();
    progress.say('Done.');
    const lines = text().trimEnd().split('\n');
    expect(lines).toHaveLength(12);
    expect([lines[0], lines[1], lines[10], lines[11]]).toEqual([
      'panel.tgz: 0.0 of 10.0 MB (0 %)',
      'panel.tgz: 1.0 of 10.0 MB (10 %)',
      'panel.tgz: 10.0 of 10.0 MB (100 %)',
      'Done.',
    ]);
  });

  it('is a line each five seconds when it is slow', async () => {
    const { out, text } = stream(false);
    const progress = await progressOn(out, clock);
    progress.begin(FILE);
    for (let second = 1; second <= 11; second += 1) {
      clock.time += 1_000;
      progress.received(second * 1_000);
    }
    expect(text().trimEnd().split('\n')).toHaveLength(3);
  });

  it('is a bar on a terminal, which sentences do not garble', async () => {
    const { out, text } = stream(true);
    const progress = await progressOn(out, clock);
    progress.begin(FILE);
    progress.received(5_000_000);
    progress.say('The line broke.');
    progress.end();
    const drawn = text();
    expect(drawn).toContain('panel.tgz [');
    expect(drawn).toContain('50 % | 5.0 of 10.0 MB');
    expect(drawn).toContain('\r\u001b[KThe line broke.\n');
  });
});

describe('the output of a hook', () => {
  it('is told line by line, also one that is not ended, and characters that come in two pieces', async () => {
    const log = join(dir, 'log');
    const lines: string[] = [];
    await writeFile(log, '');
    const tail = new LogTail(log, (line) => lines.push(line));
    const umlaut = Buffer.from('ü\r\n');
    await appendFile(log, Buffer.concat([Buffer.from('one\n\nf'), umlaut.subarray(0, 1)]));
    while (lines.length < 2) await sleep(20);
    await appendFile(log, umlaut.subarray(1));
    await appendFile(log, 'x'.repeat(200_000));
    await tail.stop();
    expect(lines).toEqual(['one', '', 'fü', 'x'.repeat(8_192)]);
  });
});

describe('the output of a hook that writes a lot', () => {
  it('is a line for each time that a bar is drawn anew', async () => {
    const log = join(dir, 'log');
    const lines: string[] = [];
    await writeFile(log, '10 %\r20 %\r');
    const tail = new LogTail(log, (line) => lines.push(line));
    while (lines.length < 2) await sleep(20);
    await appendFile(log, '\nend');
    await tail.stop();
    expect(lines).toEqual(['10 %', '20 %', 'end']);
  });

  it('is told and kept up to a bound', async () => {
    const log = join(dir, 'log');
    const lines: string[] = [];
    const tail = new LogTail(log, (line) => lines.push(line));
    await writeFile(log, `${'x'.repeat(999)}\n`.repeat(12_000));
    await tail.stop();
    expect(lines.join('').length).toBeGreaterThan(3_000_000);
    expect(lines.join('').length).toBeLessThan(4_300_000);
    expect(lines.at(-1)).toMatch(/There is more than is told here/);
    expect((await stat(log)).size).toBe(0);
  });
});

describe('the status of an update', () => {
  const none = { pid: 4_194_305, start: null };

  it('is idle before the first, and when the file is damaged', async () => {
    expect(await readUpdateStatus(dir, version)).toEqual(NO_UPDATE_YET);
    await writeFile(join(dir, 'update.json'), '{"state":');
    expect(await readUpdateStatus(dir, version)).toEqual(NO_UPDATE_YET);
  });

  it('is kept for its owner alone, and is what is under way while its agent lives', async () => {
    const book = await UpdateBook.open({ settings: { stateDir: dir }, clock }, '1.0.0', silentProgress);
    await book.note({ state: 'downloading', version: '1.1.0', size: 5 });
    expect(await readUpdateStatus(dir, version)).toMatchObject({
      state: 'downloading',
      from_version: '1.0.0',
      pid: process.pid,
    });
    expect((await stat(join(dir, 'update.json'))).mode & 0o777).toBe(0o600);
    await book.fail('It rained.');
    expect(await readUpdateStatus(dir, version)).toMatchObject({ state: 'failed', error: 'It rained.' });
    expect(await readdir(dir)).toEqual(['update.json']);
  });

  it('is written about once a second while bytes come', async () => {
    const book = await UpdateBook.open({ settings: { stateDir: dir }, clock }, '1.0.0', silentProgress);
    const received = async () => JSON.parse(await readFile(join(dir, 'update.json'), 'utf8')).received;
    book.received(1);
    await book.note({});
    book.received(2);
    await sleep(100);
    expect(await received()).toBe(1);
    clock.time += 1_000;
    book.received(3);
    while ((await received()) !== 3) await sleep(20);
    expect(await received()).toBe(3);
  });

  it.each([
    ['downloading', '1.0.0', 'failed'],
    ['checking', '1.1.0', 'failed'],
    ['installing', '1.0.0', 'failed'],
    ['installing', '1.1.0', 'done'],
    ['done', '1.0.0', 'done'],
  ] as const)(
    'left at "%s" by an agent that is gone is, with %s running, "%s"',
    async (state, runs, expected) => {
      const written = { ...NO_UPDATE_YET, state, version: '1.1.0', agent: none };
      await writeUpdateStatus(dir, written);
      const { state: read, error } = await readUpdateStatus(dir, async () => runs);
      expect(read).toBe(expected);
      expect(error === null).toBe(expected === 'done');
    },
  );

  it('is not that of a later process with the same number', async () => {
    const { pid, start } = await markOf(process.pid);
    expect(await isAlive({ pid, start })).toBe(true);
    expect(await isAlive({ pid, start: null })).toBe(true);
    expect(await isAlive({ pid, start: '1' })).toBe(false);
    expect(await isAlive(none)).toBe(false);
  });

  it('does not stop the update when it cannot be written', async () => {
    const file = join(dir, 'file');
    await writeFile(file, '');
    await expect(writeUpdateStatus(join(file, 'below'), NO_UPDATE_YET)).resolves.toBeUndefined();
  });
});

describe('clearing away downloads', () => {
  it('removes what was named and is not kept', async () => {
    const paths = ['a', 'b', 'c'].map((name) => join(dir, name));
    for (const path of paths.slice(0, 2)) await writeFile(path, '');
    await writeFile(join(dir, 'other'), '');
    expect(await sweepDownloads(paths, new Set([paths[0]!]))).toEqual([paths[0]]);
    expect((await readdir(dir)).toSorted()).toEqual(['a', 'other']);
  });
});
