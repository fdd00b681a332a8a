import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { startApp } from '../setup/app.js';

const SNAPSHOT = 'docs/openapi.json';

/** The document as a file, laid out as the formatter has it. */
async function served(): Promise<string> {
  const app = await startApp();
  try {
    const { status, body } = await app.request('GET', '/api/v1/openapi.json');
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    const options = await resolveConfig(SNAPSHOT);
    return await format(JSON.stringify(body), { ...options, filepath: SNAPSHOT });
  } finally {
    await app.stop();
  }
}

describe('docs/openapi.json', () => {
  it('is the document that the service has; `npm run openapi` writes it anew', async () => {
    const now = await served();
    if (process.env.WRITE_OPENAPI === '1') {
      await mkdir('docs', { recursive: true });
      await writeFile(SNAPSHOT, now);
    }
    const kept = await readFile(SNAPSHOT, 'utf8');
    // Parsed first, so that a difference is shown as one.
    expect(JSON.parse(kept)).toEqual(JSON.parse(now));
    expect(kept).toBe(now);
  });
});
