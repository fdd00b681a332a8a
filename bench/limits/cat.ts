import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { FileServer } from './nginx.ts';

/** Stands in where there is no nginx: `cat` through a socket, which knows no ranges. */
export async function startCat(root: string): Promise<FileServer> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', async (request: Buffer) => {
      const path = join(root, /^GET \/([\w-]+) /.exec(request.toString('latin1'))?.[1] ?? '');
      const { size } = await stat(path);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      const cat = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'ignore'] });
      socket.once('close', () => cat.kill());
      cat.stdout.pipe(socket, { end: false });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.close();
    },
  };
}
