import { API } from './client.ts';
import type { Stage } from './stage.ts';

interface Link {
  readonly consume_url: string;
  readonly nonce: string;
}

interface Customer {
  readonly username: string;
  readonly licenseId: string;
}

/** The billing system logs its customer in: the link opens the portal once. */
export async function logIn(
  { report, client }: Stage,
  { username, licenseId }: Customer,
  apiKey: string,
): Promise<void> {
  report.step('The customer follows a link of the billing system into the portal');
  const mint = { method: 'POST', path: `${API}/auth/sso/mint`, apiKey, status: 200 } as const;
  const target = '/portal/licenses';
  const link = (await client.call<Link>({ ...mint, body: { username, target_path: target } })).body;
  const { pathname } = new URL(link.consume_url);
  const consumed = await client.call({ method: 'GET', path: pathname, status: 302 });
  report.check('it leads to where it was made for', consumed.headers.get('location'), target);
  const [cookie = '', ...attributes] = (consumed.headers.getSetCookie()[0] ?? '').split('; ');
  report.check('the session is out of reach of scripts', attributes.includes('HttpOnly'));
  const { body } = await client.call<{ data: { id: string }[] }>({
    method: 'GET',
    path: `${API}/portal/licenses`,
    headers: { Cookie: cookie },
    status: 200,
  });
  report.check(
    'the portal shows their license and no other',
    body.data.map(({ id }) => id),
    [licenseId],
  );

  report.step('Somebody else follows the same link');
  const stolen = await client.call<{ error: string }>({ method: 'GET', path: pathname, status: 401 });
  report.check('it was good for once', stolen.body.error, 'Invalid or expired nonce');
  const admin = { ...mint, body: { username: 'admin' }, status: 403 };
  const { body: refused } = await client.call<{ error: string }>(admin);
  report.check('no link ever opens the office', refused.error, 'Cannot mint SSO for admin accounts');
}
