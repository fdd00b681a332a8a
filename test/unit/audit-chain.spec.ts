import {
  BEGINNING,
  cutOff,
  headText,
  forged,
  forgedAnchor,
  inserted,
  judgeLink,
  judgeNoted,
  lost,
  parseHead,
  type ChainLink,
  type JudgedLink,
} from '../../src/domain/audit-chain.js';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const C = 'c'.repeat(64);

const before: JudgedLink = { seq: 4, hash: A, eventId: 'four', isIntact: true };
const link = (change: Partial<ChainLink> = {}): ChainLink => ({
  seq: 5,
  eventId: 'five',
  previousHash: A,
  hash: B,
  recomputed: B,
  personalMatches: null,
  ...change,
});
const told = (previous: JudgedLink, change: Partial<ChainLink>) =>
  judgeLink(previous, link(change)).problems.map(
    ({ kind, seq, through, eventId }) =>
      `${kind} ${seq}${through === null ? '' : `-${through}`} ${eventId ?? ''}`,
  );

describe('a link', () => {
  it.each<[string, Partial<JudgedLink>, Partial<ChainLink>, string[]]>([
    ['that is as it was sealed', {}, {}, []],
    ['whose personal part is as it was', {}, { personalMatches: true }, []],
    ['whose event was changed', {}, { recomputed: C }, ['changed 5 five']],
    ['whose event is gone', {}, { recomputed: null }, ['removed 5 five']],
    ['whose personal part was changed', {}, { personalMatches: false }, ['personal_changed 5 five']],
    [
      'whose event and personal part were changed',
      {},
      { recomputed: C, personalMatches: false },
      ['changed 5 five', 'personal_changed 5 five'],
    ],
    ['behind one that is gone', {}, { seq: 6 }, ['removed 5-5 ']],
    ['behind three that are gone', {}, { seq: 8 }, ['removed 5-7 ']],
    ['behind a gap, and changed', {}, { seq: 6, recomputed: C }, ['removed 5-5 ', 'changed 6 five']],
    ['that was sealed behind another', {}, { previousHash: C }, ['replaced 4 four']],
    ['behind one that was changed', { isIntact: false }, { previousHash: C }, []],
    ['whose own previous hash was changed', {}, { previousHash: C, recomputed: A }, ['changed 5 five']],
  ])('%s', (_, previous, change, problems) => {
    expect(told({ ...before, ...previous }, change)).toEqual(problems);
  });

  it('is what the next one is judged by', () => {
    expect(judgeLink(before, link()).judged).toEqual({ seq: 5, hash: B, eventId: 'five', isIntact: true });
    expect(judgeLink(before, link({ recomputed: C })).judged.isIntact).toBe(false);
    expect(judgeLink(before, link({ recomputed: null })).judged.isIntact).toBe(false);
  });

  it('begins at 1', () => {
    expect(told(BEGINNING, { seq: 1, previousHash: '0'.repeat(64) })).toEqual([]);
    expect(told(BEGINNING, { seq: 1 })).toEqual(['replaced 0 ']);
    expect(told(BEGINNING, { seq: 3 })).toEqual(['removed 1-2 ']);
  });
});

describe('a head that was noted earlier', () => {
  const noted = { seq: 7, hash: B };
  const last = { seq: 9, hash: C };
  it.each([
    ['is still there', { hash: B, eventId: 'seven' }, last, []],
    ['is another link now', { hash: C, eventId: 'seven' }, last, [['replaced', 7, null, 'seven']]],
    ['lies behind the end', null, { seq: 5, hash: A }, [['removed', 6, 7, null]]],
    ['lies in a gap', null, last, []],
  ])('%s', (_, found, end, problems) => {
    expect(
      judgeNoted(noted, found, end).map(({ kind, seq, through, eventId }) => [kind, seq, through, eventId]),
    ).toEqual(problems);
  });

  it('is written and read as seq:hash', () => {
    expect(headText(noted)).toBe(`7:${B}`);
    expect(parseHead(`7:${B}`)).toEqual(noted);
    for (const text of ['', '7', `7:${B}0`, `-7:${B}`, `7:${B.toUpperCase()}`, `${'9'.repeat(16)}:${B}`]) {
      expect(parseHead(text)).toBeNull();
    }
  });
});

describe('an event outside of the chain', () => {
  it('was inserted, or is gone before it was sealed', () => {
    expect(forged('changed', 'x')).toEqual({ kind: 'changed', seq: null, through: null, eventId: 'x' });
    expect(inserted('x')).toEqual({ kind: 'inserted', seq: null, through: null, eventId: 'x' });
    expect(forgedAnchor(4)).toEqual({ kind: 'changed', seq: 4, through: null, eventId: null });
    expect(lost('x')).toEqual({ kind: 'removed', seq: null, through: null, eventId: 'x' });
    expect(cutOff(4)).toEqual({ kind: 'removed', seq: 5, through: null, eventId: null });
  });
});
