import { verifyAudit } from '../admin/audit/verify.js';
import { poolOf } from '../database/data-source.js';
import { onPool } from '../database/statements.js';
import { headText, parseHead, type ChainHead, type ChainProblem } from '../domain/audit-chain.js';
import { openKeys } from '../signing/open-keys.js';
import { StartupError } from '../startup-error.js';
import type { Command } from './command.js';

/** Some seconds of work each. */
const PROGRESS_EVERY = 100_000;

function notedHead(text: string | undefined): ChainHead | null {
  const head = text === undefined ? null : parseHead(text);
  if (text !== undefined && head === null) {
    throw new StartupError('--head must be a head as it was printed: SEQ:HASH.');
  }
  return head;
}

function lineOf({ kind, seq, through, eventId }: ChainProblem): string {
  const place =
    seq === null ? '' : ` at ${seq}${through === null || through === seq ? '' : ` to ${through}`}`;
  return `${kind}${place}${eventId === null ? '' : `: event ${eventId}`}`;
}

export const verifyAuditCommand: Command = {
  options: {
    head: {
      value: 'SEQ:HASH',
      help: 'the end of the chain as it was noted earlier: shows that nothing was cut off since',
    },
  },
  help: [
    'Checks the audit log: every event against the chain that seals it. Prints what was changed,',
    'removed or inserted, and where the chain ends now. Exits with 0 when all of it holds, with 1 otherwise.',
  ],
  async run({ config, database, clock, say, mention }, { head }) {
    const noted = notedHead(head);
    const { pepper } = await openKeys(
      { masterKey: config.MASTER_KEY, dataDir: database.dataDir, issuer: config.PUBLIC_URL },
      { dataSource: database.dataSource, clock },
    );
    let announced = 0;
    const verified = await verifyAudit(onPool(poolOf(database.dataSource)), {
      pepper,
      noted,
      onProgress(checked) {
        if (checked < announced + PROGRESS_EVERY) return;
        announced = checked;
        mention(`${checked} events checked …`);
      },
    });
    const { checked, unsealed, pruned, problems, problemCount } = verified;
    for (const problem of problems) say(lineOf(problem));
    if (problemCount > problems.length) say(`… and ${problemCount - problems.length} more`);
    if (pruned !== null) say(`What was sealed up to ${pruned.seq} has been pruned, last at ${pruned.at}.`);
    say(`${checked} events are sealed, ${unsealed} are not sealed yet.`);
    if (verified.head !== null) say(`The chain ends at ${headText(verified.head)}.`);
    if (!verified.valid) throw new StartupError(`The audit log does not hold: ${problemCount} problems.`);
    say('The audit log holds.');
  },
};
