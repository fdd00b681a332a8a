import { readFileSync } from 'node:fs';

/** The agent's own version, from its package. */
export function agentVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return String((manifest as { version: unknown }).version);
}
