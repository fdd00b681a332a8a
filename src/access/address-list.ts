import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ReturnType<typeof ipaddr.parse>;

const MAPPED_PREFIX_BITS = 96;

/** An IPv4 address written in IPv6 (`::ffff:10.0.0.1`) is the same address: which form arrives depends on the socket. */
const normalized = (address: string): Address => ipaddr.process(address);

function parseRange(range: string): [Address, number] {
  if (!range.includes('/')) {
    const address = normalized(range);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  }
  const [address, bits] = ipaddr.parseCIDR(range);
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= MAPPED_PREFIX_BITS
    ? [address.toIPv4Address(), bits - MAPPED_PREFIX_BITS]
    : [address, bits];
}

/** Whether a text is an IP address or a CIDR range, written in full: `10.1` and `0x7f.1` are neither here. */
export function isAddressRange(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** Whether every one of the ranges lies within one of the others. */
export function areRangesWithin(ranges: readonly string[], others: readonly string[]): boolean {
  const outer = others.map(parseRange);
  return ranges
    .map(parseRange)
    .every(([address, bits]) =>
      outer.some(
        ([network, outerBits]) =>
          address.kind() === network.kind() && bits >= outerBits && address.match(network, outerBits),
      ),
    );
}

/** Whether the address lies in one of the ranges. No ranges hold nothing. */
export function isInRanges(address: string, ranges: readonly string[]): boolean {
  if (isIP(address) === 0) return false;
  const candidate = normalized(address);
  return ranges.some((range) => {
    const [network, bits] = parseRange(range);
    return candidate.kind() === network.kind() && candidate.match(network, bits);
  });
}
