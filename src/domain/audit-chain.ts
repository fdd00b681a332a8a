/** Where a chain ends: the number of its last link, and that link's hash in hexadecimal digits. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** One link as it is found. */
export interface ChainLink extends ChainHead {
  readonly eventId: string;
  /** The hash of the link before it, as this one has it. */
  readonly previousHash: string;
  /** The hash that the link and its event give now; null when the event is gone. */
  readonly recomputed: string | null;
  /** Whether what the event says of a person is what it said; null where that was erased, or never was. */
  readonly personalMatches: boolean | null;
}

/**
 * `changed`: the event or its link is not what was sealed. `removed`: a link without its event, or numbers without a
 * link. `inserted`: an event that was neither sealed nor waits for it,
 * or that the service did not write. `replaced`: a link that was sealed, but not in
 * this place. `personal_changed`: what the event says of a person was changed rather than erased.
 */
export type ProblemKind = 'changed' | 'removed' | 'inserted' | 'replaced' | 'personal_changed';

export interface ChainProblem {
  readonly kind: ProblemKind;
  readonly seq: number | null;
  /** The last number of a run of links that are gone. */
  readonly through: number | null;
  readonly eventId: string | null;
}

/** What the next link is judged by. */
export interface JudgedLink extends ChainHead {
  readonly eventId: string | null;
  /** Whether it is what was sealed: a link that is not can't tell anything of its neighbours. */
  readonly isIntact: boolean;
}

/** What the first link is chained to. */
export const BEGINNING: JudgedLink = { seq: 0, hash: '0'.repeat(64), eventId: null, isIntact: true };

/** The form in which an operator notes a head: `seq:hash`. */
export const headText = ({ seq, hash }: ChainHead): string => `${seq}:${hash}`;

const HEAD = /^(\d{1,15}):([0-9a-f]{64})$/;

/** The head that such a text names; null for another text. */
export function parseHead(text: string): ChainHead | null {
  const [, seq, hash] = HEAD.exec(text) ?? [];
  return seq === undefined || hash === undefined ? null : { seq: Number(seq), hash };
}

const problem = (
  kind: ProblemKind,
  { seq = null, through = null, eventId = null }: Partial<Omit<ChainProblem, 'kind'>>,
): ChainProblem => ({ kind, seq, through, eventId });

/** Of an event that is in no link and waits for none. */
export const inserted = (eventId: string): ChainProblem => problem('inserted', { eventId });

/** Of an event that waits to be sealed and is not as the service wrote it, or not the service's. */
export const forged = (kind: 'changed' | 'inserted', eventId: string): ChainProblem =>
  problem(kind, { eventId });

/** Of what is said to have been pruned, and not by the service. */
export const forgedAnchor = (seq: number | null): ChainProblem => problem('changed', { seq });

/** Of a chain that was pruned up to that link and has none behind it: the one that was the last then was left. */
export const cutOff = (seq: number): ChainProblem => problem('removed', { seq: seq + 1 });

/** Of an event that waits to be sealed and is gone. */
export const lost = (eventId: string): ChainProblem => problem('removed', { eventId });

function placeProblem(before: JudgedLink, { seq, previousHash }: ChainLink, isIntact: boolean) {
  if (seq > before.seq + 1) return problem('removed', { seq: before.seq + 1, through: seq - 1 });
  // With a neighbour that was tampered with, that one is named already.
  if (!before.isIntact || !isIntact || previousHash === before.hash) return null;
  return problem('replaced', { seq: before.seq, eventId: before.eventId });
}

function eventProblem({ seq, eventId, hash, recomputed }: ChainLink) {
  if (recomputed === null) return problem('removed', { seq, eventId });
  return recomputed === hash ? null : problem('changed', { seq, eventId });
}

/** What is wrong with a link and with what lies between it and the one before. */
export function judgeLink(
  before: JudgedLink,
  link: ChainLink,
): { readonly problems: readonly ChainProblem[]; readonly judged: JudgedLink } {
  const { seq, eventId, hash } = link;
  const isIntact = link.recomputed === hash;
  const problems = [
    placeProblem(before, link, isIntact),
    eventProblem(link),
    link.personalMatches === false ? problem('personal_changed', { seq, eventId }) : null,
  ].filter((found) => found !== null);
  return { problems, judged: { seq, eventId, hash, isIntact } };
}

/** A link that is compared with what was noted of it. The event of what was pruned is gone. */
export type Noted = Pick<JudgedLink, 'hash' | 'eventId'>;

/**
 * What a head that was noted earlier tells of the chain that is there now. Only this shows that links were cut off its
 * end, for a shorter chain holds as well. `found` is the link of that number, null for none.
 */
export function judgeNoted(noted: ChainHead, found: Noted | null, last: ChainHead): readonly ChainProblem[] {
  const { seq, hash } = noted;
  if (found === null) {
    // A gap in the middle has been named, and what was pruned is not missed.
    return seq > last.seq ? [problem('removed', { seq: last.seq + 1, through: seq })] : [];
  }
  return found.hash === hash ? [] : [problem('replaced', { seq, eventId: found.eventId })];
}
