import { CommanderError, type Command } from 'commander';
import { AgentFault } from '../errors.js';
import { withoutTyped } from './keys-out.js';
import { buildProgram, type Call } from './program.js';

export type Parsed = { readonly call: Call } | { readonly help: string };

const nameACommand = () => new AgentFault('USAGE', 'Name a command; `mooring-agent --help` lists them.');

const noSuchCommand = () => new AgentFault('USAGE', withoutTyped('unknown command'));

const isHelpOnNone = (argv: readonly string[]): boolean => argv.includes('help') && argv.at(-1) !== 'help';

const isSwitch = (program: Command, name: string): boolean =>
  [program, ...program.commands].some(({ options }) =>
    options.some((option) => option.long === name && option.isBoolean()),
  );

/** What the line asks for. @throws AgentFault USAGE */
export function parseLine(argv: readonly string[]): Parsed {
  const parsed: Call[] = [];
  let out = '';
  let err = '';
  const writers = { out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
  const program = buildProgram(writers, (call) => parsed.push(call));
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { help: out.trimEnd() };
    // Called without a command, commander writes its whole help as the error.
    if (error.code === 'commander.help') throw isHelpOnNone(argv) ? noSuchCommand() : nameACommand();
    const [, name = ''] = /^error: unknown option '(--[\w-]+)=/.exec(err) ?? [];
    if (isSwitch(program, name)) {
      throw new AgentFault('USAGE', `The option '${name}' takes no value. See \`mooring-agent --help\`.`);
    }
    throw new AgentFault('USAGE', withoutTyped(err));
  }
  const [call] = parsed;
  if (call === undefined) throw nameACommand();
  return { call };
}
