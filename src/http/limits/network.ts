import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Every address that cannot be read counts as this one: a new spelling must not buy a new count. */
const UNREADABLE = 'unreadable';

/** An IPv6 network of 64 bits: its first four groups. */
const GROUPS_OF_A_NETWORK = 4;

/** How a socket of both families spells an IPv4 address. */
const MAPPED = '::ffff:';

/** The networks of the last IPv6 addresses: a call asks more than once, and reading one takes long. */
const networks = new Map<string, string>();
const MOST_REMEMBERED = 1_000;

/**
 * What an address is counted as. IPv4 as it is, also when it comes mapped into IPv6 (`::ffff:192.0.2.1`), or a client
 * would have one count a socket family. IPv6 by its /64: that is the least a subscriber is given, so counting single
 * addresses would leave anybody 2^64 of them to guess from, and this process as many counts to remember.
 */
export function networkOf(address: string): string {
  const plain = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
  if (isIPv4(plain)) return plain;
  const known = networks.get(address);
  if (known !== undefined) return known;
  if (networks.size >= MOST_REMEMBERED) networks.clear();
  const network = readNetwork(address);
  networks.set(address, network);
  return network;
}

function readNetwork(address: string): string {
  if (!ipaddr.isValid(address)) return UNREADABLE;
  const parsed = ipaddr.process(address);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  const groups = parsed.parts.slice(0, GROUPS_OF_A_NETWORK).map((group) => group.toString(16));
  return `${groups.join(':')}::/64`;
}
