import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startOwnService, type OwnService } from './demo/service.ts';

const MOST_BYTES = 5_000_000;
/** Of `mooring-agent status` to `node -e 0`. */
const MOST_RATIO = 4;
const ROUNDS = 25;

const [, , panel = '', ...otherNodes] = process.argv;
const bin = join(panel, 'node_modules', 'mooring-agent', 'dist', 'bin.js');

function packages(): number {
  const listed = execFileSync('npm', ['ls', '--all', '--parseable'], { cwd: panel, encoding: 'utf8' });
  return listed.trim().split('\n').length - 1;
}

const bytesBelow = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0);

async function admin(service: OwnService, path: string, body: object): Promise<{ key: string }> {
  const response = await fetch(`${service.url}/api/v1/admin${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-admin-key': service.adminKey },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { data: { key: string } };
  if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer.data;
}

/** A license for the panel; the status is slowest where there is a lease to verify. */
async function activate(service: OwnService, env: NodeJS.ProcessEnv): Promise<void> {
  await admin(service, '/products', { code: 'panel', name: 'Panel', key_prefix: 'PANEL' });
  await admin(service, '/policies', { code: 'pro', name: 'Pro', limits: { accounts: 100 } });
  const { key } = await admin(service, '/licenses', { product: 'panel', policy: 'pro' });
  execFileSync(process.execPath, [bin, 'activate', '-'], {
    env,
    input: key,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

function milliseconds(node: string, args: readonly string[], env: NodeJS.ProcessEnv): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(node, args, { env, encoding: 'utf8' });
  const took = performance.now() - start;
  if (status !== 0) throw new Error(`${node} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return took;
}

/** The two take turns, so that whatever else the machine does falls on both. */
function compare(node: string, env: NodeJS.ProcessEnv): boolean {
  const [bare, status]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(milliseconds(node, ['-e', '0'], env));
    status.push(milliseconds(node, [bin, 'status', '--json'], env));
  }
  const ratio = median(status) / median(bare);
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  console.log(
    `${version}: status ${median(status).toFixed(0)} ms, node -e 0 ${median(bare).toFixed(0)} ms, ratio ${ratio.toFixed(2)}`,
  );
  return ratio <= MOST_RATIO;
}

const installed = packages();
const bytes = bytesBelow(join(panel, 'node_modules'));
console.log(`${installed} packages, ${(bytes / 1_000_000).toFixed(2)} MB`);

const endings: (() => Promise<void>)[] = [];
try {
  const service = await startOwnService((stop) => endings.push(stop));
  const seed = join(panel, 'seed');
  writeFileSync(seed, randomBytes(32).toString('hex'), { mode: 0o600 });
  const env = {
    ...process.env,
    MOORING_AGENT_SERVER: service.url,
    MOORING_AGENT_STATE_DIR: join(panel, 'state'),
    MOORING_AGENT_SEED_FILE: seed,
    MOORING_AGENT_VERSION: '1.0.0',
  };
  await activate(service, env);
  const isQuick = [process.execPath, ...otherNodes].map((node) => compare(node, env));
  if (bytes >= MOST_BYTES) throw new Error(`It must stay below ${MOST_BYTES} bytes.`);
  if (isQuick.includes(false)) throw new Error(`The ratio must not be above ${MOST_RATIO}.`);
} finally {
  for (const end of endings) await end();
}
