import { BlockList, isIP } from 'node:net';
import { AgentFault } from '../errors.js';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const isLoopback = (address: string): boolean => {
  const family = isIP(address);
  return family !== 0 && LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4');
};

/**
 * Refuses any other address than this machine's own: the token travels in the clear, and who has it can give the license
 * away. AgentFault USAGE.
 */
export function assertLoopback(host: string): void {
  if (host === 'localhost' || isLoopback(host)) return;
  throw new AgentFault(
    'USAGE',
    `The panel API listens on this machine only, and ${host} is not an address of it alone. Use 127.0.0.1, ::1 or localhost.`,
  );
}
