import fastify from 'fastify';
import { Pool } from 'pg';
import { onPool } from '../../built.ts';
import { addActivation } from './activation.ts';
import { addCheckIns } from './check-ins.ts';
import { addDownloads } from './downloads.ts';
import { addLicenseList } from './license-list.ts';

/**
 * The limit that the service is measured against: Fastify and pg alone, executing the statements of the same call with
 * what it is given, each by itself. It validates nothing, hashes nothing, decides nothing and signs nothing.
 */
const url = process.env.DATABASE_URL ?? '';
const pool = new Pool({ connectionString: url, max: Number(process.env.POOL_SIZE) });
const run = onPool(pool);
const app = fastify();

addCheckIns(app, run);
await addActivation(app, pool);
addDownloads(app, run);
await addLicenseList(app, run, url);

await app.listen({ port: 0, host: '127.0.0.1' });
const address = app.server.address();
process.stdout.write(`(listening on 127.0.0.1:${typeof address === 'object' ? address?.port : ''})\n`);

// The benchmark holds the other end of standard input: when it is killed, this must not stay behind.
process.stdin.resume().on('end', () => process.exit());
