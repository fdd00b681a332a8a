import type { Agent } from '../../agent.js';
import { AgentFault } from '../../errors.js';
import type { UpdateOffer } from '../../updates/offer.js';
import type { Run } from '../context.js';
import { semanticVersion } from '../parsers.js';
import { table, type Reply } from '../reply.js';

interface UpdateFlags {
  readonly check?: boolean;
  readonly to?: string;
  readonly downloadOnly?: boolean;
}

export const run: Run = async (context, _args, options) => {
  const { check, to, downloadOnly } = options as UpdateFlags;
  const version = to === undefined ? undefined : versionOf(to);
  const agent = await context.agent();
  if (check) {
    if (version !== undefined || downloadOnly) {
      throw new AgentFault(
        'USAGE',
        '--check only looks: it goes neither with --to nor with --download-only.',
      );
    }
    return offered(agent);
  }
  const [{ runUpdate }, { progressOn }] = await Promise.all([
    import('../../updates/update.js'),
    import('../../updates/terminal-progress.js'),
  ]);
  const result = await runUpdate(agent, {
    version,
    downloadOnly,
    signal: context.signal,
    progress: context.json ? undefined : await progressOn(process.stderr, agent.clock),
  });
  return { exit: 0, json: result, lines: [result.message] };
};

/** @throws AgentFault USAGE */
function versionOf(written: string): string {
  const version = semanticVersion.parse(written, { folder: '' });
  if (version !== undefined) return version;
  throw new AgentFault('USAGE', `The option --to must be ${semanticVersion.expects}.`);
}

async function offered(agent: Agent): Promise<Reply> {
  const offer = await agent.checkUpdate();
  return { exit: 0, json: offer, lines: offerLines(offer) };
}

const megabytes = (bytes: number | null): string | null =>
  bytes === null ? null : `${(bytes / 1_000_000).toFixed(1)} MB`;

function offerLines(offer: UpdateOffer): string[] {
  const { current_version: current, latest_version: latest, via_version: via } = offer;
  const expired = offer.updates_expired
    ? ['The right to updates has ended: newer versions are not offered until it is extended.']
    : [];
  if (!offer.update_available) return [`Version ${current} is up to date.`, ...expired];
  const kinds = [offer.security && 'security', offer.mandatory && 'mandatory'].filter(Boolean).join(', ');
  return [
    `Version ${latest} is available; ${current} is installed.`,
    ...table([
      ['First', via === null ? null : `${via}, as a stepping stone`],
      ['Kind', kinds || null],
      ['Released', offer.released_at],
      ['Size', megabytes(offer.size)],
      ['SHA-256', offer.sha256],
    ]),
    ...expired,
    ...(offer.changelog ? ['', offer.changelog] : []),
  ];
}
