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
} from '../../database/audit-chain.js';
import type { Run } from '../../database/statements.js';
import {
  cutOff,
  forged,
  forgedAnchor,
  inserted,
  judgeLink,
  judgeNoted,
  lost,
  type ChainHead,
  type ChainProblem,
  type JudgedLink,
  type Noted,
} from '../../domain/audit-chain.js';
import type { Pepper } from '../../signing/data-keys.js';
import { forgeryJudge } from './forgery.js';
import { loadStart, recompute, type ChainStart } from './links.js';

/** How many problems are named; the others are counted. */
const MOST_NAMED = 100;

const BEFORE_ALL_LINKS = -Number.MAX_SAFE_INTEGER;

export interface Verification {
  readonly valid: boolean;
  /** How many links there are. */
  readonly checked: number;
  /** Events that are not sealed yet. */
  readonly unsealed: number;
  /** Up to which link the chain was pruned, and when; null when it never was. */
  readonly pruned: { readonly seq: number; readonly at: string } | null;
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

interface Walked {
  readonly start: ChainStart;
  readonly last: JudgedLink;
  readonly checked: number;
  /** The link of the noted number; what was pruned last is one. */
  readonly found: Noted | null;
}

/** Walks the chain from where it begins to its last link. */
async function walk(
  run: Run,
  { pepper, noted = null, signal, onProgress }: VerifyOptions,
  findings: Findings,
): Promise<Walked> {
  let start = await loadStart(run, pepper);
  let last = start.before;
  let after = BEFORE_ALL_LINKS;
  let found: Noted | null = null;
  let checked = 0;
  for (;;) {
    signal?.throwIfAborted();
    const page = await loadLinks(run, after);
    const now = page[0]?.seq === last.seq + 1 ? start : await loadStart(run, pepper);
    if (now.before.seq > last.seq) {
      // Pruned meanwhile: the walk goes on behind it.
      [start, last, after] = [now, now.before, now.before.seq];
      continue;
    }
    for (const facts of page) {
      const link = recompute(pepper, facts);
      const { problems, judged } = judgeLink(last, link);
      findings.add(problems);
      if (link.seq === noted?.seq) found = link;
      last = judged;
    }
    checked += page.length;
    onProgress?.(checked);
    // Forged numbers may be too large to be told apart: the walk must end all the same.
    if (page.length < LINKS_AT_ONCE || last.seq <= after) break;
    after = last.seq;
  }
  if (start.before.seq === noted?.seq) found ??= start.before;
  return { start, last, checked, found };
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
  const { start, last, checked, found } = await walk(run, options, findings);
  if (!start.isAuthentic) findings.add([forgedAnchor(start.stored?.seq ?? null)]);
  const pruned = start.isAuthentic ? start.stored : null;
  if (pruned !== null && checked === 0) findings.add([cutOff(pruned.seq)]);
  if (options.noted) findings.add(judgeNoted(options.noted, found, last));
  await findStrangers(run, findings, options.signal);
  await findForged(run, options, findings);
  findings.add((await loadLostUnsealed(run, MOST_NAMED)).map(lost));
  return {
    valid: findings.count === 0,
    checked,
    unsealed: await countUnsealed(run),
    pruned: pruned && { seq: pruned.seq, at: pruned.prunedAt },
    head: checked === 0 ? null : { seq: last.seq, hash: last.hash },
    problems: findings.named,
    problemCount: findings.count,
  };
}
