import {
  countUnsealed,
  FIRST_ID,
  LINKS_AT_ONCE,
  loadChainHead,
  loadLinks,
  loadLostUnsealed,
  loadStrangers,
  loadUnsealed,
  SEALED_AT_ONCE,
  type LinkFacts,
} from '../../database/audit-chain.js';
import type { Run } from '../../database/statements.js';
import {
  BEGINNING,
  forged,
  inserted,
  judgeLink,
  judgeNoted,
  lost,
  type ChainHead,
  type ChainLink,
  type ChainProblem,
  type JudgedLink,
} from '../../domain/audit-chain.js';
import { matchesPersonal, sealHash } from '../../signing/audit-seal.js';
import type { Pepper } from '../../signing/data-keys.js';
import { forgeryJudge } from './forgery.js';

/** How many problems are named; the others are counted. */
const MOST_NAMED = 100;

const BEFORE_ALL_LINKS = -Number.MAX_SAFE_INTEGER;

export interface Verification {
  readonly valid: boolean;
  /** How many links there are. */
  readonly checked: number;
  /** Events that are not sealed yet. */
  readonly unsealed: number;
  /** Null for an empty chain. */
  readonly head: ChainHead | null;
  /** The first hundred. */
  readonly problems: readonly ChainProblem[];
  readonly problemCount: number;
}

export interface VerifyOptions {
  readonly pepper: Pepper;
  /** A head that was noted earlier. */
  readonly noted?: ChainHead | null;
  /** Ends the work with its reason. */
  readonly signal?: AbortSignal;
  /** Called after each page with the number of links so far. */
  readonly onProgress?: (checked: number) => void;
}

class Findings {
  readonly named: ChainProblem[] = [];
  count = 0;

  add(problems: readonly ChainProblem[]): void {
    this.count += problems.length;
    this.named.push(...problems.slice(0, MOST_NAMED - this.named.length));
  }
}

function recompute(pepper: Pepper, link: LinkFacts): ChainLink {
  const { seq, eventId, previousHash, hash, event, personal } = link;
  return {
    seq,
    eventId,
    previousHash: previousHash.toString('hex'),
    hash: hash.toString('hex'),
    recomputed: event && sealHash(pepper, link, event).toString('hex'),
    personalMatches: personal && event && matchesPersonal(personal, event.personal_hash),
  };
}

/** Walks the chain from its first link to its last; answers the last, how many there are, and the link of the noted number. */
async function walk(
  run: Run,
  { pepper, noted = null, signal, onProgress }: VerifyOptions,
  findings: Findings,
): Promise<{ last: JudgedLink; checked: number; found: ChainLink | null }> {
  let last = BEGINNING;
  let found: ChainLink | null = null;
  let checked = 0;
  let isMore = true;
  for (let after = BEFORE_ALL_LINKS; isMore; after = last.seq) {
    signal?.throwIfAborted();
    const page = await loadLinks(run, after);
    for (const facts of page) {
      const link = recompute(pepper, facts);
      const { problems, judged } = judgeLink(last, link);
      findings.add(problems);
      if (link.seq === noted?.seq) found = link;
      last = judged;
    }
    checked += page.length;
    // Forged numbers may be too large to be told apart: the walk must end all the same.
    isMore = page.length === LINKS_AT_ONCE && last.seq > after;
    onProgress?.(checked);
  }
  return { last, checked, found };
}

/** Events that nobody sealed and that do not wait for it: `recordAudit` writes none of those. */
async function findStrangers(run: Run, findings: Findings, signal?: AbortSignal): Promise<void> {
  let after: string | null = FIRST_ID;
  while (after !== null) {
    signal?.throwIfAborted();
    const page: { last: string | null; strangers: string[] } = await loadStrangers(run, after);
    findings.add(page.strangers.map(inserted));
    after = page.last;
  }
}

/** Events that wait to be sealed, as the sealer will find them. */
async function findForged(run: Run, { pepper, signal }: VerifyOptions, findings: Findings): Promise<void> {
  // The head first: events that are sealed meanwhile are not looked at any more.
  const judge = forgeryJudge(pepper, await loadChainHead(run));
  let after: string | null = FIRST_ID;
  while (after !== null) {
    signal?.throwIfAborted();
    const page: Awaited<ReturnType<typeof loadUnsealed>> = await loadUnsealed(run, after);
    for (const { event, isSealed } of page) {
      const kind = isSealed ? null : judge(event);
      if (kind !== null) findings.add([forged(kind, event.id)]);
    }
    after = page.length === SEALED_AT_ONCE ? (page.at(-1)?.event.id ?? null) : null;
  }
}

/**
 * Checks every link of the chain and every event in pages, each a statement and a snapshot of its own: nothing waits for
 * it, and what is written meanwhile is either seen whole or not at all.
 */
export async function verifyAudit(run: Run, options: VerifyOptions): Promise<Verification> {
  const findings = new Findings();
  const { last, checked, found } = await walk(run, options, findings);
  if (options.noted) findings.add(judgeNoted(options.noted, found, last));
  await findStrangers(run, findings, options.signal);
  await findForged(run, options, findings);
  findings.add((await loadLostUnsealed(run, MOST_NAMED)).map(lost));
  return {
    valid: findings.count === 0,
    checked,
    unsealed: await countUnsealed(run),
    head: checked === 0 ? null : { seq: last.seq, hash: last.hash },
    problems: findings.named,
    problemCount: findings.count,
  };
}
