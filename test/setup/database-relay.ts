import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type NetConnectOpts, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';

/** A wire to a database that a test can cut and mend. */
export interface DatabaseRelay {
  /** The URL of the database by way of the relay. */
  readonly url: string;
  /** Breaks every connection and refuses new ones, as a server does that went away. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Takes every connection and every byte and passes none on, as a server does that is frozen, until it thaws. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

/** Where the server of a libpq URL listens. */
function targetOf({ hostname, port, searchParams }: URL): NetConnectOpts {
  const host = searchParams.get('host') ?? hostname;
  const number = searchParams.get('port') ?? (port || '5432');
  return host.startsWith('/') ? { path: `${host}/.s.PGSQL.${number}` } : { host, port: Number(number) };
}

function throughTcp(url: URL, port: number): string {
  const relayed = new URL(`postgres://127.0.0.1:${port}${url.pathname}`);
  relayed.username = url.username || (url.searchParams.get('user') ?? '');
  relayed.password = url.password;
  return relayed.href;
}

/** Turns of this process's event loop, by which its own end of a destroyed connection has found out and left its pool. */
const NOTICING_TURNS = 20;

async function noticed(): Promise<void> {
  for (let turns = 0; turns < NOTICING_TURNS; turns++) await setImmediate();
}

export async function relayDatabase(databaseUrl: string): Promise<DatabaseRelay> {
  const target = targetOf(new URL(databaseUrl));
  const open = new Set<Socket>();
  const keep = (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy());
  };
  let isFrozen = false;
  const server = createServer((client) => {
    const upstream = connect(target);
    keep(client);
    keep(upstream);
    client.pipe(upstream).pipe(client);
    if (isFrozen) {
      client.unpipe().pause();
      upstream.unpipe().pause();
    }
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  return {
    url: throughTcp(new URL(databaseUrl), port),
    async cut() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
    async mend() {
      await listen(port);
    },
    async freeze() {
      isFrozen = true;
      for (const socket of open) socket.unpipe().pause();
    },
    async thaw() {
      if (!isFrozen) return;
      isFrozen = false;
      // What is stuck stays stuck; a new connection fares well.
      for (const socket of open) socket.destroy();
      await noticed();
    },
  };
}
