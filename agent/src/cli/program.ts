import { Argument, Command, Option } from 'commander';
import { COMMANDS, type CommandName, type CommandRow } from './commands-table.js';
import { EXIT_CODES } from './exit-codes.js';
import { SERVE_SETTINGS, SETTINGS, environmentNameOf, optionOf, type SettingRow } from './settings-table.js';

/** What was typed, as far as the program understands it. */
export interface Call {
  readonly name: CommandName;
  /** See the table of commands. */
  readonly stopsItself: boolean;
  readonly args: readonly (string | undefined)[];
  readonly options: Readonly<Record<string, unknown>>;
  /** By the flag's name. */
  readonly flags: Readonly<Record<string, unknown>>;
}

export interface Writers {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const NAME = 'mooring-agent';

function settingOption(row: SettingRow<unknown>): Option {
  const option = new Option(optionOf(row), `${row.help} (${row.otherwise.replaceAll('`', '')})`);
  const { choices } = row.parser;
  return choices === undefined ? option : option.choices(choices);
}

const examplesOf = (examples: readonly string[]): string =>
  `\nExamples:\n${examples.map((example) => `  ${NAME} ${example}`).join('\n')}`;

const exitCodes = Object.entries(EXIT_CODES).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`);

const settingLines = (): string => {
  const rows = Object.values(SETTINGS).map((row) => [optionOf(row), settingOption(row).description] as const);
  const width = Math.max(...rows.map(([option]) => option.length));
  return rows.map(([option, help]) => `  ${option.padEnd(width)}  ${help}`).join('\n');
};

const epilogue = (): string => `
Settings, and what holds without them:
${settingLines()}

Settings are also read from the environment (${environmentNameOf(SETTINGS.stateDir)}) and from a JSON file ("state_dir"):
--config, else MOORING_AGENT_CONFIG, else /etc/mooring-agent.json as root and ~/.config/mooring-agent.json otherwise.

Exit codes:
${exitCodes.join('\n')}`;

/** The command line as a tree; `called` is told what was typed. Commander's own texts go to the writers. */
export function buildProgram(writers: Writers, called: (call: Call) => void): Command {
  const program = new Command(NAME)
    .description('Keeps an installed panel licensed, and updates it.')
    .configureOutput({ writeOut: writers.out, writeErr: writers.err })
    .exitOverride()
    .helpCommand(true)
    .helpOption('-h, --help', 'explain the command')
    .option('-V, --version', "print the agent's version")
    .option('--json', 'print one JSON document, for programs')
    .option('--config <FILE>', 'the settings file');
  // They come last in the help, below the commands.
  for (const row of Object.values(SETTINGS)) program.addOption(settingOption(row).hideHelp());
  for (const row of COMMANDS) addCommand(program, row, called);
  program.addHelpText(
    'after',
    `${epilogue()}\n${examplesOf(['activate --key-file key.txt --server https://licenses.example.com', 'status --json'])}`,
  );
  return program;
}

function addCommand(
  program: Command,
  row: CommandRow & { name: CommandName },
  called: (call: Call) => void,
): void {
  const command = program.command(row.name).summary(row.summary).description(row.description);
  if (row.args !== undefined) {
    const argument = new Argument(row.args);
    command.addArgument(row.choices === undefined ? argument : argument.choices(row.choices));
  }
  for (const { flags, help } of row.options ?? []) command.option(flags, help);
  const own = row.listens ? Object.values(SERVE_SETTINGS) : [];
  for (const setting of own) command.addOption(settingOption(setting));
  command.addHelpText('after', examplesOf(row.examples));
  command.addHelpText('after', `\n--json and the settings go with every command: ${NAME} --help`);
  command.action(() => {
    called({
      name: row.name,
      stopsItself: row.stopsItself === true,
      // A list of words arrives as one argument.
      args: (command.processedArgs as (string | undefined)[]).flat(),
      options: command.opts(),
      flags: flagsOf(command),
    });
  });
}

/** Commander keys options by camel case; a setting is known by its flag. */
function flagsOf(command: Command): Record<string, unknown> {
  const values = command.optsWithGlobals();
  const all = [...command.options, ...(command.parent?.options ?? [])];
  return Object.fromEntries(all.map((option) => [option.name(), values[option.attributeName()] as unknown]));
}
