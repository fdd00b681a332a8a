import type { CommandNode, OptionNode, Tree, Value } from './tree.js';

const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;

function ofValue(value: Value): string {
  switch (value.kind) {
    case 'none':
      return '';
    case 'choice':
      return ` -x -a ${quoted(value.choices.join(' '))}`;
    case 'file':
      return ' -r -F';
    case 'folder':
      return ` -x -a '(__fish_complete_directories)'`;
    case 'text':
      return ' -x';
  }
}

const ofNames = (names: readonly string[]): string =>
  names.map((name) => (name.startsWith('--') ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`)).join('');

/** What the argument of a command is completed with; its options are told separately. */
function ofArgument(argument: Value): string | null {
  if (argument.kind === 'choice') return `-a ${quoted(argument.choices.join(' '))}`;
  return argument.kind === 'file' ? '-F' : null;
}

export function fishScript({ name, options, commands }: Tree): string {
  const option = ({ names, help, value }: OptionNode, when: string): string =>
    `complete -c ${name}${when}${ofNames(names)}${ofValue(value)} -d ${quoted(help)}`;
  const command = ({ name: word, help, options: own, argument }: CommandNode): string[] => {
    const within = ` -n '__fish_seen_subcommand_from ${word}'`;
    const offered = ofArgument(argument);
    return [
      `complete -c ${name} -n __fish_use_subcommand -a ${word} -d ${quoted(help)}`,
      ...(offered === null ? [] : [`complete -c ${name}${within} ${offered}`]),
      ...own.map((node) => option(node, within)),
    ];
  };
  const lines = [
    `# Completes ${name} in fish.`,
    `complete -c ${name} -f`,
    ...options.map((node) => option(node, '')),
    ...commands.flatMap(command),
  ];
  return `${lines.join('\n')}\n`;
}
