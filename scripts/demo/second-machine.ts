import { checkDead, type FileLink } from './download.ts';
import type { Panel } from './panel.ts';
import type { Sale, Stage } from './stage.ts';

interface Explanation {
  readonly verdict: string;
  readonly trace: readonly { readonly rule: string; readonly passed: boolean; readonly because: string }[];
}

/** The rules of an activation, in the order of the verdict table. */
const RULES = [
  'INVALID_KEY',
  'REVOKED',
  'SUSPENDED',
  'EXPIRED',
  'VERSION_TOO_LOW',
  'UPDATES_EXPIRED',
  'HARDWARE_MISMATCH',
  'MAX_ACTIVATIONS',
];

/** One machine more than there are seats; and why it is refused, rule by rule. */
export async function refuseSecond({ report, client }: Stage, sale: Sale, second: Panel): Promise<void> {
  report.step('A second machine tries the same key');
  const version = '1.1.0';
  await second.refused({ action: 'activate', version }, 'MAX_ACTIVATIONS');

  report.step('Support asks why');
  const { verdict, trace } = await client.admin<Explanation>(
    'POST',
    `/licenses/${sale.licenseId}/explain`,
    200,
    { action: 'activate', hardware_id: second.machine.hardwareId, version },
  );
  report.check('the explanation comes to the same verdict', verdict, 'MAX_ACTIVATIONS');
  const rules = trace.map(({ rule }) => rule);
  report.check('it goes through every rule of an activation, in their order', rules, RULES);
  const failed = trace.flatMap(({ rule, passed }) => (passed ? [] : [rule]));
  report.check('and only the last one has failed', failed, ['MAX_ACTIVATIONS']);
}

/** The seat moves, and the machine that had it is refused at once, with its file link. */
export async function moveSeat(
  stage: Stage,
  { first, second, link }: { first: Panel; second: Panel; link: FileLink },
): Promise<void> {
  const { report } = stage;
  report.step('The seat moves to the second machine');
  const more = { previous_hardware_id: first.machine.hardwareId };
  const { license } = await second.granted({ action: 'rebind', version: '1.1.0', more }, 200);
  report.check('one seat is in use, as before', license.activations, 1);
  await first.refused({ action: 'validate', version: '1.1.0' }, 'HARDWARE_MISMATCH');
  await checkDead(stage, link);
}
