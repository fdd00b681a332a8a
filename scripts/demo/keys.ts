import type { JSONWebKeySet } from 'jose';
import { API, type Client } from './client.ts';
import type { Report } from './report.ts';

/** The keys that panels trust, from both places where they are published. */
export async function readKeys(client: Client, report: Report): Promise<JSONWebKeySet> {
  report.step('The keys that panels trust');
  const read = async (path: string) =>
    (await client.call<JSONWebKeySet>({ method: 'GET', path, status: 200 })).body;
  const keys = await read(`${API}/license/keys`);
  report.check(
    'there are keys, all of them public Ed25519 keys',
    keys.keys.length > 0 && keys.keys.every((key) => key.crv === 'Ed25519' && key.d === undefined),
  );
  report.check('each has a name of its own', new Set(keys.keys.map(({ kid }) => kid)).size, keys.keys.length);
  report.check('JOSE libraries find the same ones', await read('/.well-known/jwks.json'), keys);
  return keys;
}
