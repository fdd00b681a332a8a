import { createDataSource, DataKeys, parseMasterKey } from '../built.ts';
import { fetchBytes } from './fetch-bytes.ts';
import { fire } from './fire.ts';
import { requestsOf, type Known } from './requests.ts';
import type { Origin, Run } from './run.ts';

/** The load comes from a process of its own: it shares no thread with anything else. */

async function know({ databaseUrl, masterKey, ...origin }: Origin): Promise<Known> {
  const dataSource = await createDataSource({ url: databaseUrl, poolSize: 1 }).initialize();
  try {
    const { pepper } = await DataKeys.load(dataSource.manager, parseMasterKey(masterKey));
    return { ...origin, pepper };
  } finally {
    await dataSource.destroy();
  }
}

/** Requests are the same in every round: they are made once. */
const made = new Map<string, Buffer[]>();

function requestsFor({ request, window }: Run, known: Known): Buffer[] {
  const name = `${request} ${window.from} ${window.count}`;
  const requests = made.get(name) ?? requestsOf(request, window, known);
  made.set(name, requests);
  return requests;
}

let known: Promise<Known> | undefined;

process.on('message', (message: { origin: Origin } | { run: Run }) => {
  if ('origin' in message) {
    known = know(message.origin);
    return;
  }
  const { run } = message;
  const work = async () => {
    if (known === undefined) throw new Error('The origin comes first');
    return (run.bytes ? fetchBytes : fire)(run, requestsFor(run, await known));
  };
  work().then(
    (lap) => process.send?.({ lap }),
    (error: Error) => process.send?.({ failure: error.message }),
  );
});
process.on('disconnect', () => process.exit());
