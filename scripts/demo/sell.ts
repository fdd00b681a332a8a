import type { Sale, Stage } from './stage.ts';

interface License {
  readonly id: string;
  readonly key: string;
  readonly status: string;
  readonly max_activations: number;
}

export const LIMITS = { accounts: 100, domains: -1 };
export const FEATURES = ['backups', 'dns'];

/** A product, a policy with one seat, and a license: what a vendor does before the first panel exists. */
export async function sell({ report, client, runId }: Stage): Promise<Sale> {
  report.step('Sell: a product, a policy and a license with one seat');
  const [product, policy] = [`demo-${runId}`, `demo-${runId}`];
  const keyPrefix = `DEMO${runId.toUpperCase()}`;
  const made = await client.admin<{ code: string }>('POST', '/products', 201, {
    code: product,
    name: 'Mooring, sold by itself',
    key_prefix: keyPrefix,
  });
  report.check('the product has its code', made.code, product);
  await client.admin('POST', '/policies', 201, {
    code: policy,
    name: 'Demo',
    limits: LIMITS,
    features: FEATURES,
    max_activations: 1,
  });
  const license = await client.admin<License>('POST', '/licenses', 201, { product, policy });
  report.check('the license is active', license.status, 'active');
  report.check("the policy's seats are copied into the license", license.max_activations, 1);
  report.check(
    'its key is shown once, and begins with the prefix of the product',
    new RegExp(`^${keyPrefix}(-[0-9A-HJKMNP-TV-Z]{4}){5}$`).test(license.key),
  );
  return { product, policy, licenseId: license.id, licenseKey: license.key };
}
