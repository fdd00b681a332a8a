import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentState } from '../../src/state/state.js';

/** A state with everything in it; the counters, which stand in the details of its refusal, tell one from the other. */
export function anyState(counters: Record<string, number> = {}): AgentState {
  const at = '2026-03-01T12:00:00.000Z';
  return {
    format: 1,
    server: 'https://licenses.example.com',
    hardware: { id: 'a1'.repeat(32), recipe: 'machine-id' },
    issuer: 'https://licenses.example.com',
    pins: [{ kty: 'OKP', crv: 'Ed25519', x: 'x'.repeat(43), kid: 'k'.repeat(43) }],
    license: {
      key: 'MOOR-AAAA-BBBB-CCCC-DDDD',
      maskedKey: 'MOOR-****-****-****-DDDD',
      licenseId: '0198f000-0000-7000-8000-000000000001',
      lease: null,
      leaseId: '0198f000-0000-7000-8000-000000000000',
      seq: 7,
      refusal: { code: 'REVOKED', error: 'Revoked', details: detailsOf(counters), at, proof: 'p' },
      mustActivate: false,
      activatedAt: at,
    },
    contact: {
      answeredAt: at,
      version: '1.0.0',
      triedAt: at,
      failures: 2,
      failure: 'No answer.',
      notBefore: null,
      keysAt: at,
    },
    time: { lastSeenAt: at, offsetMs: -1200 },
  };
}

const detailsOf = (counters: Record<string, number>) =>
  Object.fromEntries(Object.entries(counters).map(([name, count]) => [name, [String(count)]]));

/** One of the counters; undefined where there is none. */
export function counterOf(state: AgentState | null, name: string): number | undefined {
  const text = state?.license?.refusal?.details?.[name]?.[0];
  return text === undefined ? undefined : Number(text);
}

const made: string[] = [];

/** A folder of this test file's, not made yet; for removal by `removeFolders`. */
export function newFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), 'mooring-agent-'));
  made.push(parent);
  return join(parent, 'state');
}

export function removeFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}
