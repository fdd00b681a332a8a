import { Client } from 'pg';

/** Somebody else in the database, with a connection that is none of the service's. */
export class Holder {
  private constructor(private readonly client: Client) {}

  static async at(databaseUrl: string): Promise<Holder> {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    return new Holder(client);
  }

  async sql<Row = any>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.client.query(text, values)).rows;
  }

  /** Holds the seats of that hardware until `letGo`. */
  async hold(hardware: readonly string[]): Promise<void> {
    await this.client.query('begin');
    await this.client.query('select id from activations where hardware_id = any($1) for update', [hardware]);
  }

  async letGo(): Promise<void> {
    await this.client.query('rollback');
  }

  async leave(): Promise<void> {
    await this.client.end();
  }
}
