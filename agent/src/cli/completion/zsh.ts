import type { CommandNode, OptionNode, Tree, Value } from './tree.js';

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
/** Colons and brackets end a part of what _arguments reads. */
const escaped = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&');

function action(value: Value): string {
  switch (value.kind) {
    case 'choice':
      return `(${value.choices.join(' ')})`;
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    default:
      return ' ';
  }
}

function ofOption({ names, help, value }: OptionNode): string {
  const [long = ''] = names;
  const after = value.kind === 'none' ? '' : `:value:${action(value)}`;
  return `    ${quoted(`${value.kind === 'none' ? long : `${long}=`}[${escaped(help)}]${after}`)}`;
}

function ofCommand({ name, options, argument }: CommandNode): string {
  const own = options.map((option) => ofOption(option).trim());
  const last = argument.kind === 'none' ? [] : [quoted(`1:argument:${action(argument)}`)];
  return `        ${name}) _arguments $everywhere ${[...own, ...last].join(' ')} ;;`;
}

/** Works sourced as well as from a folder of the fpath. */
export function zshScript({ name, options, commands }: Tree): string {
  return `#compdef ${name}
# Completes ${name} in zsh.
_${name}() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  local -a everywhere commands
  everywhere=(
${options.map(ofOption).join('\n')}
  )
  commands=(
${commands.map((command) => `    ${quoted(`${command.name}:${escaped(command.help)}`)}`).join('\n')}
  )
  _arguments -C $everywhere '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $line[1] in
${commands.map(ofCommand).join('\n')}
      esac ;;
  esac
}

if [ "\${funcstack[1]}" = "_${name}" ]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}
