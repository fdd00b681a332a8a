import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AgentFault, systemCode } from '../errors.js';
import { assertLoopback } from './loopback.js';

const SENTENCES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another program. Stop it, or name another port with --port.',
  EACCES: 'may not be used by this user. Name a port above 1023 with --port.',
};

/** Listens, and answers the address to be called at. AgentFault USAGE when that cannot be. */
export async function listen(server: Server, host: string, port: number): Promise<string> {
  assertLoopback(host);
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = systemCode(error) ?? '';
    const why = SENTENCES[code] ?? `cannot be listened on (${code}). Name another with --host and --port.`;
    throw new AgentFault('USAGE', `${host}:${port} ${why}`, { cause: error });
  }
  const { address, port: actual } = server.address() as AddressInfo;
  try {
    // `localhost` is whatever the machine's hosts file makes of it.
    assertLoopback(address);
  } catch (error) {
    server.close();
    throw error;
  }
  return `http://${host.includes(':') ? `[${host}]` : host}:${actual}`;
}
