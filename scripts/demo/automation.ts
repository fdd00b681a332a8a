import { randomUUID } from 'node:crypto';
import { API } from './client.ts';
import type { Sale, Stage } from './stage.ts';

interface Sold {
  readonly data: { readonly id: string; readonly key: string };
}

/** What a billing system may do and nothing more. */
const PERMISSIONS = ['customers:write', 'users:write', 'licenses:write', 'sso:write'];

/** A key for a program: it reaches as far as it must. Answers the key. */
export async function giveBillingKey({ report, client, runId }: Stage): Promise<string> {
  report.step('A key for the billing system, scoped to what it needs');
  const { key } = await client.admin<{ key: string }>('POST', '/api-keys', 201, {
    name: `Billing ${runId}`,
    permissions: PERMISSIONS,
    expires_in: 1,
  });
  const call = { method: 'GET', path: `${API}/admin/policies`, apiKey: key, status: 403 } as const;
  const { body } = await client.call<{ error: string }>(call);
  report.check('it opens no other door', body.error, "API key is not scoped for 'policies'");
  return key;
}

/** A customer with a license and a log-in, all made by the billing system. */
export async function sellToCustomer(
  { report, client, runId }: Stage,
  { product, policy }: Sale,
  apiKey: string,
) {
  report.step('It sells to a customer, and repeats itself after a lost answer');
  const post = <T>(path: string, body: object, headers?: Record<string, string>) =>
    client.call<{ data: T }>({
      method: 'POST',
      path: `${API}/admin${path}`,
      body,
      apiKey,
      status: 201,
      ...(headers !== undefined && { headers }),
    });
  const name = `Harbour ${runId}`;
  const email = `${runId}@harbour.example`;
  const customer = (await post<{ id: string }>('/customers', { name, email })).body.data;
  const order = { product, policy, customer_id: customer.id };
  const repeatable = { 'Idempotency-Key': randomUUID() };
  const first = await post<Sold['data']>('/licenses', order, repeatable);
  const again = await post<Sold['data']>('/licenses', order, repeatable);
  report.check('the second answer is marked', again.headers.get('idempotency-replayed'), 'true');
  report.check('and says the same, the key included', again.body, first.body);
  const { body } = await client.call<{ meta: { total: number } }>({
    method: 'GET',
    path: `${API}/admin/licenses?customer_id=${customer.id}`,
    apiKey,
    status: 200,
  });
  report.check('one license was sold', body.meta.total, 1);
  const username = `harbour-${runId}`;
  await post('/users', { username, email, role: 'customer', customer_id: customer.id });
  return { username, licenseId: first.body.data.id };
}
