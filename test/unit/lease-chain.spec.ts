import * as fc from 'fast-check';
import {
  decideLease,
  LEASE_REUSE_SECONDS,
  type CurrentLease,
  type LeaseCall,
  type LeaseChainFacts,
} from '../../src/domain/lease-chain.js';

const NOW = new Date('2026-06-01T12:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const secondsAgo = (seconds: number, ms = 0) => new Date(NOW.getTime() - seconds * 1000 + ms);

const young: CurrentLease = {
  leaseId: 'newest',
  issuedAt: secondsAgo(60),
  refreshAfter: new Date(NOW.getTime() + DAY),
  digest: 'says this',
  kidUsable: true,
};
const old: CurrentLease = { ...young, issuedAt: secondsAgo(86_400) };
const call = (leaseId: string | null, restart = false): LeaseCall => ({
  leaseId,
  digest: 'says this',
  now: NOW,
  restart,
});

describe('the lease that a panel shows', () => {
  /** What is stored, what is shown, and the three answers. */
  it.each<[string, LeaseChainFacts, LeaseCall, ReturnType<typeof decideLease>]>([
    [
      'an activation, nothing stored',
      { current: null, presentedLeaseId: null },
      call(null, true),
      { lease: 'renew', presentedLeaseId: null, clone: false },
    ],
    [
      'one from elsewhere, where nobody was given one here',
      { current: null, presentedLeaseId: null },
      call('elsewhere'),
      { lease: 'renew', presentedLeaseId: 'elsewhere', clone: false },
    ],
    [
      'none, where nobody was given one here',
      { current: null, presentedLeaseId: null },
      call(null),
      { lease: 'renew', presentedLeaseId: null, clone: false },
    ],
    [
      'an activation again within the hour',
      { current: young, presentedLeaseId: 'newest' },
      call('newest', true),
      { lease: 'same', presentedLeaseId: null, clone: false },
    ],
    [
      'an activation with a lease nobody knows',
      { current: old, presentedLeaseId: 'before' },
      call('unknown', true),
      { lease: 'renew', presentedLeaseId: null, clone: false },
    ],
    [
      'an activation with the last presented while a young newer one is out',
      { current: young, presentedLeaseId: 'before' },
      call('before', true),
      { lease: 'same', presentedLeaseId: null, clone: false },
    ],
    [
      'the newest, young',
      { current: young, presentedLeaseId: 'before' },
      call('newest'),
      { lease: 'same', presentedLeaseId: 'newest', clone: false },
    ],
    [
      'the newest, old',
      { current: old, presentedLeaseId: 'before' },
      call('newest'),
      { lease: 'renew', presentedLeaseId: 'newest', clone: false },
    ],
    [
      'the newest, shown for the first time',
      { current: old, presentedLeaseId: null },
      call('newest'),
      { lease: 'renew', presentedLeaseId: 'newest', clone: false },
    ],
    [
      'the newest, shown before and answered again since',
      { current: young, presentedLeaseId: 'newest' },
      call('newest'),
      { lease: 'same', presentedLeaseId: 'newest', clone: false },
    ],
    [
      'the last presented, a young newer one out',
      { current: young, presentedLeaseId: 'before' },
      call('before'),
      { lease: 'renew', presentedLeaseId: 'before', clone: false },
    ],
    [
      'the last presented, an old newer one out',
      { current: old, presentedLeaseId: 'before' },
      call('before'),
      { lease: 'renew', presentedLeaseId: 'before', clone: false },
    ],
    [
      'the last presented, no lease out',
      { current: null, presentedLeaseId: 'before' },
      call('before'),
      { lease: 'renew', presentedLeaseId: 'before', clone: false },
    ],
    [
      'none, and none was ever shown, young',
      { current: young, presentedLeaseId: null },
      call(null),
      { lease: 'same', presentedLeaseId: null, clone: false },
    ],
    [
      'none, and none was ever shown, old',
      { current: old, presentedLeaseId: null },
      call(null),
      { lease: 'renew', presentedLeaseId: null, clone: false },
    ],
    [
      'none, where the newest was shown',
      { current: young, presentedLeaseId: 'newest' },
      call(null),
      { lease: 'same', presentedLeaseId: 'newest', clone: true },
    ],
    [
      'none, where an older one was shown',
      { current: old, presentedLeaseId: 'before' },
      call(null),
      { lease: 'renew', presentedLeaseId: 'before', clone: true },
    ],
    [
      'a voided or older one, young',
      { current: young, presentedLeaseId: 'before' },
      call('voided'),
      { lease: 'same', presentedLeaseId: 'before', clone: true },
    ],
    [
      'a voided or older one, old',
      { current: old, presentedLeaseId: 'newest' },
      call('voided'),
      { lease: 'renew', presentedLeaseId: 'newest', clone: true },
    ],
    [
      'an unknown one where none was ever shown',
      { current: old, presentedLeaseId: null },
      call('unknown'),
      { lease: 'renew', presentedLeaseId: null, clone: true },
    ],
  ])('%s', (_name, facts, request, decision) => {
    expect(decideLease(facts, request)).toEqual(decision);
  });

  it.each<[string, Partial<CurrentLease>, 'same' | 'renew']>([
    ['issued this instant', { issuedAt: NOW }, 'same'],
    ['a millisecond short of an hour old', { issuedAt: secondsAgo(LEASE_REUSE_SECONDS, 1) }, 'same'],
    ['past the time at which its panel was to ask', { refreshAfter: NOW }, 'renew'],
    ['a millisecond before that time', { refreshAfter: secondsAgo(0, 1) }, 'same'],
    ['an hour old', { issuedAt: secondsAgo(LEASE_REUSE_SECONDS) }, 'renew'],
    ['issued by a node whose clock is ahead', { issuedAt: secondsAgo(-5) }, 'same'],
    ['of another content', { digest: 'says that' }, 'renew'],
    ['under a compromised key', { kidUsable: false }, 'renew'],
  ])('a newest lease %s: %s', (_name, change, lease) => {
    const facts = { current: { ...young, ...change }, presentedLeaseId: null };
    expect(decideLease(facts, call('newest')).lease).toBe(lease);
    expect(decideLease(facts, call('newest', true)).lease).toBe(lease);
    expect(decideLease(facts, call(null)).lease).toBe(lease);
    expect(decideLease(facts, call('unknown')).lease).toBe(lease);
  });
});

/** A seat in memory that stores what the decision says, as the database would. */
class Seat {
  private facts: LeaseChainFacts = { current: null, presentedLeaseId: null };
  private issued = 0;
  flagged = false;

  /** Answers a lease id. */
  ask(leaseId: string | null, now: Date, restart = false): string {
    const decision = decideLease(this.facts, { leaseId, digest: 'd', now, restart });
    const current =
      decision.lease === 'same' && this.facts.current !== null
        ? this.facts.current
        : {
            leaseId: `lease ${++this.issued}`,
            issuedAt: now,
            refreshAfter: new Date(now.getTime() + DAY),
            digest: 'd',
            kidUsable: true,
          };
    this.facts = { current, presentedLeaseId: decision.presentedLeaseId };
    this.flagged ||= decision.clone;
    return current.leaseId;
  }
}

type Fate = 'answered' | 'request lost' | 'answer lost';

class Panel {
  held: string | null;

  constructor(
    private readonly seat: Seat,
    held: string | null,
  ) {
    this.held = held;
  }

  validate(now: Date, fate: Fate = 'answered'): void {
    if (fate === 'request lost') return;
    const answer = this.seat.ask(this.held, now);
    if (fate === 'answered') this.held = answer;
  }
}

const at = (day: number, minute = 0) => new Date(NOW.getTime() + day * DAY + minute * 60_000);

/** Small, seeded and good enough to deal fates: mulberry32, 0 up to 1. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe('two machines from one snapshot', () => {
  /** What the panel lived through before the snapshot was taken. */
  const LIVES: Record<string, (panel: Panel) => void> = {
    'right after the activation': () => {},
    'after a week': (panel) => {
      for (let day = -7; day <= 0; day++) panel.validate(at(day));
    },
    'with the newest lease shown and answered again': (panel) => {
      panel.validate(at(-1));
      panel.validate(at(-1, 5));
    },
    'right after a lost answer': (panel) => {
      panel.validate(at(-1));
      panel.validate(at(0), 'answer lost');
    },
  };

  it.each(Object.keys(LIVES).flatMap((life) => [1, 2, 5].map((calls) => [life, calls] as const)))(
    'taken %s are flagged within three days of taking turns, with %i calls a day',
    (life, callsPerDay) => {
      const seat = new Seat();
      const original = new Panel(seat, seat.ask(null, at(-8), true));
      LIVES[life]?.(original);
      expect(seat.flagged).toBe(false);
      const machines = [original, new Panel(seat, original.held)];
      for (let day = 1; day <= 3; day++) {
        for (let n = 0; n < callsPerDay; n++) machines[day % 2]?.validate(at(day, n * 10));
      }
      expect(seat.flagged).toBe(true);
    },
  );
});

describe('one panel', () => {
  const SEEDS = Array.from({ length: 50 }, (_, i) => i + 1);

  it.each([
    ['once a day', [0]],
    ['three times within the hour, every day', [0, 20, 40]],
    ['around the hour, so that some leases are answered again and some are not', [0, 30, 61, 62]],
  ])('that loses one answer in five is never flagged in a year, asking %s', (_name, minutes) => {
    for (const seed of SEEDS) {
      const random = seededRandom(seed);
      const seat = new Seat();
      const panel = new Panel(seat, seat.ask(null, at(0), true));
      const fates = { answered: 0, 'request lost': 0, 'answer lost': 0 };
      for (let day = 1; day <= 365; day++) {
        for (const minute of minutes) {
          const fate = random() >= 0.2 ? 'answered' : random() < 0.5 ? 'request lost' : 'answer lost';
          fates[fate]++;
          panel.validate(at(day, minute), fate);
        }
      }
      expect(Math.min(...Object.values(fates))).toBeGreaterThan(10);
      expect([seed, seat.flagged]).toEqual([seed, false]);
    }
  });

  it('that loses every answer stays accepted, and is answered anew each time', () => {
    const seat = new Seat();
    const held = seat.ask(null, at(0), true);
    const answers = Array.from({ length: 100 }, (_, i) => seat.ask(held, at(1, i)));
    expect(new Set(answers).size).toBe(100);
    expect(seat.flagged).toBe(false);
    expect(seat.ask(answers.at(-1) ?? null, at(2))).not.toBe(answers.at(-1));
    expect(seat.flagged).toBe(false);
  });

  it('that sends no lease ids is never flagged', () => {
    const seat = new Seat();
    seat.ask(null, at(0), true);
    for (let day = 1; day <= 30; day++) seat.ask(null, at(day));
    expect(seat.flagged).toBe(false);
  });

  it('is never flagged, whatever the network does and however often it activates again', () => {
    const events = fc.array(
      fc.record({
        fate: fc.constantFrom<Fate>('answered', 'request lost', 'answer lost'),
        minutes: fc.constantFrom(1, 30, 59, 60, 1440),
        activates: fc.boolean(),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(events, (life) => {
        const seat = new Seat();
        let minute = 0;
        const panel = new Panel(seat, seat.ask(null, at(0), true));
        for (const event of life) {
          minute += event.minutes;
          // A panel that gets no answer to an activation asks again until it does: it has nothing else to show.
          if (event.activates) panel.held = seat.ask(panel.held, at(0, minute), true);
          else panel.validate(at(0, minute), event.fate);
        }
        expect(seat.flagged).toBe(false);
      }),
      { seed: 7, numRuns: 1_000 },
    );
  });
});
