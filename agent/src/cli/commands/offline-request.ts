import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AgentFault, systemCode } from '../../errors.js';
import type { Run } from '../context.js';
import { withoutKeys } from '../keys-out.js';

export const run: Run = async (context, _args, options) => {
  const request = await (await context.agent()).offlineRequest();
  const { out } = options as { readonly out?: string };
  const text = JSON.stringify(request, null, 2);
  if (out === undefined) return { exit: 0, json: request, lines: [text] };
  try {
    await writeFile(out, `${text}\n`);
  } catch (error) {
    const code = systemCode(error) ?? 'unknown error';
    throw new AgentFault('USAGE', `The request cannot be written to ${out} (${code}).`, { cause: error });
  }
  return {
    exit: 0,
    json: request,
    lines: [
      `The request is in ${withoutKeys(resolve(out))}. Send it to your vendor, and install the lease file that you get with`,
      '`mooring-agent offline-install FILE`.',
    ],
  };
};
