import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { loadConfig, type Config } from './config.js';

/** Where a service that listens on every address is reached. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

const TIMEOUT_MS = 2_500;

/** The status of the service of this very configuration: a health check of a container runs beside it. */
async function readiness({ HOST, PORT, TLS_CERT_FILE }: Config): Promise<number> {
  const target = { host: LOOPBACK[HOST] ?? HOST, port: PORT, path: '/health/ready', timeout: TIMEOUT_MS };
  // The certificate names the host that panels ask for, not this address; nothing secret is sent or believed.
  const request =
    TLS_CERT_FILE === null ? httpRequest(target) : httpsRequest({ ...target, rejectUnauthorized: false });
  request.on('timeout', () => request.destroy(new Error(`No answer in ${TIMEOUT_MS} ms`))).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode ?? 0;
}

try {
  const status = await readiness(loadConfig());
  if (status !== 200) throw new Error(`/health/ready answers ${status}`);
} catch (error) {
  process.stderr.write(`Not ready: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
