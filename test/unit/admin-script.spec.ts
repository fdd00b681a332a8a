import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mooring-scripts-'));
  // In place of npm, so that a build is seen and not made.
  writeFileSync(join(folder, 'npm'), '#!/bin/sh\ntouch built\n', { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Whether the script that runs before `npm run admin` builds. */
function builds(): boolean {
  const PATH = `${folder}:${process.env.PATH}`;
  execFileSync('sh', ['-c', scripts.preadmin], { cwd: folder, env: { PATH } });
  return existsSync(join(folder, 'built'));
}

describe('npm run admin', () => {
  it('builds when nothing is built', () => {
    expect(builds()).toBe(true);
  });

  it('leaves alone what is built: a service may be running from it', () => {
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'dist/admin-cli.js'), '');
    expect(builds()).toBe(false);
  });
});
