import type { PanelReport } from '../database/activations.js';
import type { Sighting } from '../database/check-ins.js';

/** A later report, with what only the earlier one told. */
export const followedBy = (earlier: PanelReport | undefined, later: PanelReport): PanelReport => ({
  version: later.version,
  hostname: later.hostname ?? earlier?.hostname ?? null,
  platform: later.platform ?? earlier?.platform ?? null,
  arch: later.arch ?? earlier?.arch ?? null,
  usage: later.usage ?? earlier?.usage ?? null,
  address: later.address ?? earlier?.address ?? null,
});

/** What was told, as far as it may be kept of a license that is `customerId`'s now: names told before are the former's. */
export const toldOf = ({ report, customerId: former }: Sighting, customerId: string | null): PanelReport =>
  former === customerId ? report : { ...report, hostname: null, address: null };

/** The later sighting of a seat, with what only the earlier one told. */
export const seenAfter = (earlier: Sighting, later: Sighting): Sighting => ({
  ...later,
  report: followedBy(toldOf(earlier, later.customerId), later.report),
});
