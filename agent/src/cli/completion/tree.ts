import type { Argument, Command, Option } from 'commander';
import { buildProgram } from '../program.js';

/** What can be completed after an option or as an argument. */
export type Value =
  | { readonly kind: 'none' }
  | { readonly kind: 'file' }
  | { readonly kind: 'folder' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'text' };

export interface OptionNode {
  /** With the dashes, the long one first. */
  readonly names: readonly string[];
  readonly help: string;
  readonly value: Value;
}

export interface CommandNode {
  readonly name: string;
  readonly help: string;
  readonly options: readonly OptionNode[];
  readonly argument: Value;
}

/** The command line as the completion scripts see it. */
export interface Tree {
  readonly name: string;
  /** Those that go with every command. */
  readonly options: readonly OptionNode[];
  readonly commands: readonly CommandNode[];
}

const nothing = () => undefined;

const HELP: OptionNode = { names: ['--help', '-h'], help: 'explain the command', value: { kind: 'none' } };

/** The words in angle brackets that name a file or a folder. */
function valueOf(choices: readonly string[] | undefined, word: string): Value {
  if (choices !== undefined) return { kind: 'choice', choices };
  if (/file/i.test(word)) return { kind: 'file' };
  return /dir/i.test(word) ? { kind: 'folder' } : { kind: 'text' };
}

function optionNode(option: Option): OptionNode {
  const [, word] = /<(.+)>/.exec(option.flags) ?? [];
  return {
    names: [option.long, option.short].filter((name) => typeof name === 'string'),
    help: option.description,
    value: word === undefined ? { kind: 'none' } : valueOf(option.argChoices, word),
  };
}

const argumentOf = (argument: Argument | undefined): Value =>
  argument === undefined ? { kind: 'none' } : valueOf(argument.argChoices, argument.name());

const commandNode = (command: Command): CommandNode => ({
  name: command.name(),
  help: command.summary(),
  options: command.options.map(optionNode),
  argument: argumentOf(command.registeredArguments[0]),
});

/** Reads the tree off commander's own, so that a new option is completed without a second list. */
export function completionTree(): Tree {
  const program = buildProgram({ out: nothing, err: nothing }, nothing);
  const commands = program.commands.map(commandNode);
  const help: CommandNode = {
    name: 'help',
    help: 'explain a command',
    options: [],
    argument: { kind: 'choice', choices: commands.map(({ name }) => name) },
  };
  return {
    name: program.name(),
    options: [HELP, ...program.options.map(optionNode)],
    commands: [...commands, help],
  };
}
