import type { VerifiedDownload } from '../../src/updates/verified-download.js';
import { startAgent, type AgentChild } from './agent-child.js';

/** Starts the built agent on a download. It says `ready`, `reached` at `sayAt` bytes, `complete`, and what came of it. */
export const startFetch = (
  task: { download: VerifiedDownload; folder: string; insecureHttp?: boolean; sayAt?: number },
  options: Parameters<typeof startAgent>[2] = {},
): AgentChild => startAgent('fetching-agent.mjs', { insecureHttp: false, ...task }, options);
