import type { Status } from '../status.js';
import { table } from './reply.js';

/** `2026-11-24 19:03 UTC`: the second says nothing to people. */
const moment = (iso: string | null): string | null => {
  if (iso === null) return null;
  return `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
};

const counter = ([name, limit]: readonly [string, number], usage: Status['usage']): string => {
  const used = usage[name];
  const most = limit === -1 ? 'unlimited' : String(limit);
  return used === undefined ? `${name} ${most}` : `${name} ${used} of ${most}`;
};

/** Where the panel stands, in few lines. */
export function statusLines(status: Status): string[] {
  const { license, usage } = status;
  const limits = Object.entries(license?.limits ?? {}).map((entry) => counter(entry, usage));
  const product = [license?.product, license?.tier].filter(Boolean).join(', ');
  return [
    `${status.state}: ${status.message}`,
    ...table([
      ['License', license?.key ?? null],
      ['Product', product || null],
      ['Limits', limits.join(', ') || null],
      ['Features', license?.features.join(', ') || null],
      [
        'Expires',
        license === null ? null : (moment(license.expires_at) ?? (status.has_license_file ? 'never' : null)),
      ],
      ['Updates until', moment(license?.updates_until ?? null)],
      ['Next check', moment(status.refresh_after)],
      ['Valid until', moment(status.valid_until)],
      ['Grace until', moment(status.grace_until)],
      ['Last checked', moment(status.last_checked)],
      ['Server', status.server],
      ['Version', status.version],
      ['Hardware id', status.hardware_id],
    ]),
  ];
}
