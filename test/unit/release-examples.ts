import type { ArtifactFacts, ReleaseFacts, UpdateRequest } from '../../src/domain/release-policy.js';

export const HARDWARE = 'a'.repeat(64);
export const UNTIL = new Date('2026-06-01T00:00:00Z');
export const BEFORE = new Date('2026-05-01T00:00:00Z');
export const AFTER = new Date('2026-07-01T00:00:00Z');

export const file = (
  id: string,
  platform: string | null = null,
  arch: string | null = null,
): ArtifactFacts => ({
  id,
  platform,
  arch,
});

export const release = (version: string, facts: Partial<ReleaseFacts> = {}): ReleaseFacts => ({
  id: `id of ${version}`,
  version,
  channel: 'stable',
  status: 'published',
  security: false,
  mandatory: false,
  minimumUpgradeVersion: null,
  rolloutPercent: 100,
  releasedAt: BEFORE,
  artifacts: [file(`file of ${version}`)],
  ...facts,
});

export const after = (minimumUpgradeVersion: string) => ({ minimumUpgradeVersion });
export const late = { releasedAt: AFTER };
export const panel: UpdateRequest = { currentVersion: '1.0.0', hardwareId: HARDWARE, channel: 'stable' };
export const firstInstall: UpdateRequest = { currentVersion: null, hardwareId: null, channel: 'stable' };
