import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Client } from 'pg';
import { cloneDatabase } from './database.js';
import { startService, type ServiceProcess } from './service-process.js';

/** Several service processes on one database, as behind a load balancer. */
export class Nodes {
  constructor(
    private readonly services: ServiceProcess[],
    private readonly client: Client,
    private readonly adminKey: string,
    private readonly begin: () => Promise<ServiceProcess>,
    private readonly drop: () => Promise<void>,
  ) {}

  private async call(node: number, method: string, path: string, body: unknown, headers = {}) {
    const response = await fetch(`${this.urlOf(node)}/api/v1${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as any };
  }

  /** A call of the license plane through the node of that number, counted around. */
  panel(node: number, action: string, body: unknown, headers: Record<string, string> = {}) {
    return this.call(node, 'POST', `/license/${action}`, body, headers);
  }

  admin(node: number, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    return this.call(node, method, `/admin${path}`, body, { 'x-admin-key': this.adminKey, ...headers });
  }

  /** A call of the panel plane. */
  auth(node: number, path: string, body: unknown, headers: Record<string, string> = {}) {
    return this.call(node, 'POST', `/auth${path}`, body, headers);
  }

  /** Where the node of that number serves, for what lies beside the API. */
  urlOf(node: number): string {
    return this.services[node % this.services.length]?.url ?? '';
  }

  /** What all of them have written so far. */
  output(): string {
    return this.services.map((service) => service.output()).join('');
  }

  /** Ends a node as a crash does: in the middle of whatever it is doing. */
  async kill(node: number): Promise<void> {
    const { child } = this.services[node] ?? {};
    if (child === undefined) throw new Error(`There is no node ${node}`);
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }

  /** Ends a node as a supervisor does. */
  async end(node: number): Promise<void> {
    await this.services[node]?.stop();
  }

  /** Starts one more; it has the next number. */
  async start(): Promise<void> {
    this.services.push(await this.begin());
  }

  /** A license with that many seats and no quota for moves. */
  async sell(seats: number): Promise<{ license: any; key: string }> {
    const tag = randomBytes(4).toString('hex');
    await this.admin(0, 'POST', '/products', { code: `panel-${tag}`, name: 'Panel' });
    await this.admin(0, 'POST', '/policies', { code: `tier-${tag}`, name: 'Tier', rebind_quota: 1_000 });
    const { body } = await this.admin(0, 'POST', '/licenses', {
      product: `panel-${tag}`,
      policy: `tier-${tag}`,
      max_activations: seats,
    });
    return { license: body.data, key: body.data.key };
  }

  async sql(text: string, values?: unknown[]): Promise<any[]> {
    return (await this.client.query(text, values)).rows;
  }

  /** The database stays, to be looked at. */
  async stopServices(): Promise<void> {
    await Promise.all(this.services.map((service) => service.stop()));
  }

  async stop(): Promise<void> {
    await this.stopServices();
    await this.client.end();
    await this.drop();
  }
}

/** Starts the nodes at the same moment: they migrate and bootstrap one empty database between them. */
export async function startNodes(count: number, settings: Record<string, string>): Promise<Nodes> {
  const { url, drop } = await cloneDatabase();
  const adminKey = `mk_${randomBytes(24).toString('hex')}`;
  const begin = () =>
    startService({ DATABASE_URL: url, MOORING_ADMIN_KEY: adminKey, LOG_LEVEL: 'fatal', ...settings });
  const services = await Promise.all(Array.from({ length: count }, begin));
  const client = new Client({ connectionString: url });
  await client.connect();
  return new Nodes(services, client, adminKey, begin, drop);
}
