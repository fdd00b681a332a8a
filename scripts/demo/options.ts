import { parseArgs } from 'node:util';

export const HELP = `Usage: npm run demo -- [options]

Plays a license's life against a service, with this project as the software that is sold,
and checks every answer. Ends with exit code 1 at the first one that is not as expected.

  --url URL         a service that runs already; without it one is started on a free port,
                    with a database of its own below TMPDIR, and removed at the end
  --admin-key KEY   an API key of that service with the permission 'all';
                    the variable ADMIN_KEY does as well, and shows in no process list
  --help`;

export interface Options {
  readonly help: boolean;
  /** Null starts a service of its own. */
  readonly service: { readonly url: string; readonly adminKey: string } | null;
}

/** Reads the command line. @throws Error with a sentence for whoever typed it */
export function readOptions(args: readonly string[], adminKeyFromEnv: string | undefined): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: { type: 'string' },
      'admin-key': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { url, help } = values;
  if (url === undefined) {
    if (values['admin-key'] !== undefined)
      throw new Error('--admin-key belongs to a service: give its --url.');
    return { help, service: null };
  }
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new Error('--url must be an http or https URL.');
  const adminKey = values['admin-key'] ?? adminKeyFromEnv;
  if (!adminKey) throw new Error('--url needs an --admin-key (or ADMIN_KEY) of that service.');
  return { help, service: { url: url.replace(/\/+$/, ''), adminKey } };
}
