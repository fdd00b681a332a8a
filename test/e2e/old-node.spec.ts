import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

describe('a Node that is too old', () => {
  it.each(['main.js', 'admin-cli.js'])('is told in one line by %s', async (entry) => {
    const pretend = 'Object.defineProperty(process,"versions",{value:{...process.versions,node:"22.11.0"}})';
    const child = spawn(
      process.execPath,
      [
        '--import',
        `data:text/javascript,${pretend}`,
        fileURLToPath(new URL(`../../dist/${entry}`, import.meta.url)),
      ],
      {
        cwd: tmpdir(),
        env: { PORT: 'none' },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const [output, complaint, exited] = [text(child.stdout), text(child.stderr), once(child, 'exit')];
    expect(await exited).toEqual([1, null]);
    expect([await output, await complaint]).toEqual([
      '',
      'Mooring needs Node.js >=22.12; this is 22.11.0.\n',
    ]);
  });
});
