import { readFileSync } from 'node:fs';
import { satisfies } from 'semver';

/** Ends the process with one line where Node is older than `engines` in package.json; npm only warns of it. */
export function refuseOldNode(): void {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    engines: { node: string };
  };
  const { node } = process.versions;
  if (satisfies(node, engines.node, { includePrerelease: true })) return;
  process.stderr.write(`Mooring needs Node.js ${engines.node}; this is ${node}.\n`);
  process.exit(1);
}
