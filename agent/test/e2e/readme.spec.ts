import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { EXIT_CODES } from '../../src/cli/exit-codes.js';
import { SERVE_SETTINGS, SETTINGS, keyOf } from '../../src/cli/settings-table.js';

const AGENT = fileURLToPath(new URL('../..', import.meta.url));

let readme: string;
beforeAll(async () => {
  readme = await readFile(`${AGENT}README.md`, 'utf8');
});

/** The rows below a head, without the blanks that line up the cells. */
function table(head: string): string[][] {
  const lines = readme.split('\n').map((line) => line.replace(/^\| | *\|$/g, '').split(/ *\| ?/));
  const start = lines.findIndex((cells) => cells.join('|') === head);
  const rows = lines.slice(start + 2);
  return rows.slice(
    0,
    rows.findIndex(([first]) => first === ''),
  );
}

describe('the README', () => {
  it('lists every setting as the help does', () => {
    const rows = [...Object.values(SETTINGS), ...Object.values(SERVE_SETTINGS)];
    expect(table('setting|without it|')).toEqual(
      rows.map((row) => [`\`${keyOf(row)}\``, row.otherwise, row.help]),
    );
  });

  it('lists every exit code as the help does', () => {
    expect(table('exit code|meaning')).toEqual(Object.entries(EXIT_CODES));
  });

  it('has a library example that compiles against the built types', () => {
    const [, example = ''] = /```ts\n([^]*?)```/.exec(readme) ?? [];
    expect(example).toContain("from 'mooring-agent'");
    // In the package's own folder, from where its name leads to what its exports say.
    const file = `${AGENT}readme-example.ts`;
    const options: ts.CompilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      types: ['node'],
    };
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists, readFile: read } = host;
    host.fileExists = (name) => name === file || fileExists.call(host, name);
    host.readFile = (name) => (name === file ? example : read.call(host, name));
    host.getSourceFile = (name, target, ...more) =>
      name === file
        ? ts.createSourceFile(name, example, target, true)
        : getSourceFile.call(host, name, target, ...more);
    const problems = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host));
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).toEqual([]);
  });
});
