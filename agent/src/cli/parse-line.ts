import { CommanderError } from 'commander';
import { AgentFault } from '../errors.js';
import { withoutTyped } from './keys-out.js';
import { buildProgram, type Call } from './program.js';

export type Parsed = { readonly call: Call } | { readonly help: string };

const nameACommand = () => new AgentFault('USAGE', 'Name a command; `mooring-agent --help` lists them.');

/** What the line asks for. @throws AgentFault USAGE */
export function parseLine(argv: readonly string[]): Parsed {
  const parsed: Call[] = [];
  let out = '';
  let err = '';
  const writers = { out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
  try {
    buildProgram(writers, (call) => parsed.push(call)).parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { help: out.trimEnd() };
    // Called without a command, commander writes its whole help as the error.
    if (error.code === 'commander.help') throw nameACommand();
    throw new AgentFault('USAGE', withoutTyped(err));
  }
  const [call] = parsed;
  if (call === undefined) throw nameACommand();
  return { call };
}
