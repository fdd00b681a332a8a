import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What the internet routes to hosts. The rest of IPv6, whatever it may become, is nobody's public address. */
const GLOBAL_UNICAST: [ReturnType<typeof ipaddr.IPv6.parse>, number] = [ipaddr.IPv6.parse('2000::'), 3];

/** Addresses of the open ranges that a cloud answers itself, credentials among it, from inside every machine: Azure's wire server. */
const CLOUD_SERVICES: ReadonlySet<string> = new Set(['168.63.129.16']);

/**
 * Whether an address is one of the open internet. Not public are private, loopback, link-local (cloud metadata among it),
 * shared (carrier NAT), multicast, reserved and documentation ranges; nor addresses that carry an IPv4 one inside (mapped,
 * NAT64, 6to4, Teredo), for a gateway on the way may unpack it.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  if (CLOUD_SERVICES.has(parsed.toString())) return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_UNICAST);
}

/** Names that mean this machine, whatever a resolver says of them. */
const LOCAL_NAME = /^(.*\.)?localhost\.?$/i;

/** The host of a URL: an address without its brackets, or a name. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** Whether the URL itself says that it leads to an address which is not public. Of other names only a resolver can tell. */
export function namesPrivateHost(url: URL): boolean {
  const host = hostOf(url);
  return isIP(host) === 0 ? LOCAL_NAME.test(host) : !isPublicAddress(host);
}
