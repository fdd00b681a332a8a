import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hardwareId, panelBody } from '../setup/app.js';
import { startNodes, type Nodes } from '../setup/nodes.js';
import { until } from '../setup/until.js';

const REDIS_URL = process.env['REDIS_URL'];
if (REDIS_URL === undefined) throw new Error('REDIS_URL must name a Redis server; .ci/services starts one.');

const LIMIT = 20;
const CALLS = 60;

let nodes: Nodes;
let dataDir: string;
let key: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mooring-limits-'));
  nodes = await startNodes(3, {
    REDIS_URL,
    DATA_DIR: dataDir,
    MASTER_KEY: randomBytes(32).toString('base64'),
    DATABASE_POOL_SIZE: '60',
    // So that a test can come from where it wants to.
    TRUST_PROXY: '127.0.0.1',
    LOG_LEVEL: 'warn',
    LIMIT_LICENSE_PER_MINUTE: String(LIMIT),
    LIMIT_ADDRESS_PER_MINUTE: String(LIMIT),
    LIMIT_AUTH_PER_MINUTE: String(LIMIT),
  });
  ({ key } = await nodes.sell(1));
});
afterAll(async () => {
  await nodes.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const freshAddress = () => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`;
const from = (address: string) => ({ 'x-forwarded-for': address });

const validate = (node: number, hardware: string, address: string) =>
  nodes.panel(node, 'validate', panelBody(key, hardware), from(address));

type Call = (node: number) => Promise<{ status: number }>;

/**
 * How many of the calls are let through that come to three nodes at once. A node that could not ask Redis for a moment, as on a
 * machine that stands still, says so and has counted by itself: then it is done once more, in a window of its own.
 */
async function admitted(windowed: () => Call | Promise<Call>): Promise<number> {
  const burst = async () => {
    const before = nodes.output().length;
    const call = await windowed();
    const answers = await Promise.all(Array.from({ length: CALLS }, (_, index) => call(index)));
    return {
      count: answers.filter(({ status }) => status !== 429).length,
      said: nodes.output().slice(before),
    };
  };
  const { count } = await until(burst, ({ said }) => !said.includes('Redis is away'));
  return count;
}

const KINDS: readonly [string, () => Call][] = [
  [
    'one license key and hardware',
    () => {
      const hardware = hardwareId();
      return (node) => validate(node, hardware, freshAddress());
    },
  ],
  [
    'one address',
    () => {
      const address = freshAddress();
      return (node) => validate(node, hardwareId(), address);
    },
  ],
  [
    'one address that logs in',
    () => {
      const address = freshAddress();
      return (node) => nodes.auth(node, '/login', {}, from(address));
    },
  ],
];

describe('of the calls that come to three nodes at once', () => {
  it.each(KINDS)('with %s exactly as many as the limit are let through', async (_, windowed) => {
    expect(await admitted(windowed)).toBe(LIMIT);
  });

  it('with one API key exactly as many as its own limit are let through', async () => {
    const windowed = async (): Promise<Call> => {
      const made = { name: 'counted', permissions: ['read'], expires_in: 0, rate_limit: LIMIT };
      const { body } = await nodes.admin(0, 'POST', '/api-keys', made);
      return (node) =>
        nodes.admin(node, 'GET', '/products', undefined, {
          'x-admin-key': body.data.key,
          ...from(freshAddress()),
        });
    };
    expect(await admitted(windowed)).toBe(LIMIT);
  });
});
