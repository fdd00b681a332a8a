import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyAudit } from './audit.ts';
import { giveBillingKey, sellToCustomer } from './automation.ts';
import { Client } from './client.ts';
import { firstInstall } from './install.ts';
import { readKeys } from './keys.ts';
import { anotherMachine, thisMachine } from './machines.ts';
import { Panel } from './panel.ts';
import { publish } from './publish.ts';
import { packReleases } from './release-files.ts';
import type { Report } from './report.ts';
import { revoke } from './revoke.ts';
import { Seals } from './seals.ts';
import { moveSeat, refuseSecond } from './second-machine.ts';
import { sell } from './sell.ts';
import { logIn } from './sso.ts';
import type { Sale, Stage } from './stage.ts';
import { checkNoUpdate, checkOffer, downloadInTwo, requestUpdate } from './update.ts';
import { hearOf, subscribe } from './webhooks.ts';

interface Service {
  readonly url: string;
  readonly adminKey: string;
  /** What it calls itself, where that is known. */
  readonly issuer?: string;
  /** Whether it sends webhooks to this machine, which a service in the world refuses. */
  readonly reachesUs?: boolean;
}

/** Where it plays, and what ends what was begun. */
interface Place {
  readonly folder: string;
  readonly atEnd: (stop: () => Promise<void>) => void;
}

async function packed(report: Report, folder: string) {
  report.step('Pack this project as the release files of two versions');
  await mkdir(folder);
  const [one, two] = await packReleases(folder, ['1.0.0', '1.1.0']);
  if (one === undefined || two === undefined) throw new Error('Two versions were to be packed');
  for (const { filename, size, sha256 } of [one, two])
    report.note(`${filename}, ${size} bytes, SHA-256 ${sha256}`);
  report.check('they differ', one.sha256 === two.sha256, false);
  return [one, two] as const;
}

async function activate({ report }: Stage, panel: Panel): Promise<void> {
  report.step('The panel activates on this machine');
  const asked = { action: 'activate', version: '1.0.0' } as const;
  const { activation, license, lease } = await panel.granted(asked, 201);
  report.check('it holds the only seat', license.activations, 1);

  report.step('The answer got lost, so it asks again');
  const again = await panel.granted(asked, 200);
  const isSame = again.activation.id === activation.id && again.license.activations === 1;
  report.check('it is the same seat', isSame);
  report.check('with the same lease, byte for byte', again.lease === lease);
}

async function phoneHome({ report }: Stage, panel: Panel, version: string): Promise<void> {
  report.step(`The panel phones home as ${version}`);
  const more = { usage: { accounts: 10, domains: 7 } };
  const { activation } = await panel.granted({ action: 'validate', version, more }, 200);
  report.check('the service knows the version that it runs', activation.version, version);
}

/** Programs and customers do what people did so far; a receiver hears of it. */
async function office(stage: Stage, sale: Sale, { reachesUs }: Service, { atEnd }: Place): Promise<void> {
  const apiKey = await giveBillingKey(stage);
  const subscription = reachesUs === true ? await subscribe(stage, atEnd) : null;
  const customer = await sellToCustomer(stage, sale, apiKey);
  await logIn(stage, customer, apiKey);
  if (subscription !== null) await hearOf(stage, subscription, customer.licenseId);
  else stage.report.note('webhooks are left out: that service can hardly reach this machine');
}

/** A license's life, from the sale to the end. The first surprise ends it. */
export async function live(report: Report, service: Service, place: Place): Promise<void> {
  const { folder } = place;
  const client = new Client(service, report);
  const machine = thisMachine();
  const other = anotherMachine(machine);
  for (const { name, hardwareId, source } of [machine, other]) {
    report.note(`machine ${name}: hardware id ${hardwareId} (${source})`);
  }
  const seals = new Seals(await readKeys(client, report), { issuer: service.issuer, report });
  const [one, two] = await packed(report, join(folder, 'releases'));
  const downloads = join(folder, 'downloads');
  await mkdir(downloads);
  const stage: Stage = { report, client, seals, runId: randomBytes(4).toString('hex'), folder: downloads };

  const sale = await sell(stage);
  await publish(stage, sale, one);
  const installer = await firstInstall(stage, sale, one);
  const [first, second] = [new Panel(stage, sale, machine), new Panel(stage, sale, other)];
  await activate(stage, first);
  await phoneHome(stage, first, '1.0.0');

  report.step('It asks for updates');
  const ask = { sale, machine, version: '1.0.0' };
  await checkNoUpdate(stage, ask);
  await publish(stage, sale, two);
  report.step('It asks again');
  await checkOffer(stage, ask, two);
  report.step('It downloads the update over a line that breaks');
  const link = await requestUpdate(stage, ask, two);
  await downloadInTwo(stage, link, two);
  await phoneHome(stage, first, '1.1.0');

  await refuseSecond(stage, sale, second);
  await moveSeat(stage, { first, second, link });
  await office(stage, sale, service, place);
  await revoke(stage, sale, { panel: second, file: two, installer });
  await verifyAudit(stage, sale.licenseId);
}
