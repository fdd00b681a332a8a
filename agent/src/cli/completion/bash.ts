import type { CommandNode, OptionNode, Tree, Value } from './tree.js';

const words = (options: readonly OptionNode[]): string =>
  options.map(({ names: [name = ''] }) => name).join(' ');

/** A file may have blanks in its name, so candidates are read by the line. */
const OFFER = `_mooring_agent_offer() {
  local candidate
  while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen "$@" -- "$current")
}`;

const PATHS = 'compopt -o filenames 2> /dev/null; _mooring_agent_offer';

function candidates(value: Value): string {
  switch (value.kind) {
    case 'choice':
      return `_mooring_agent_offer -W '${value.choices.join(' ')}'`;
    case 'file':
      return `${PATHS} -f`;
    case 'folder':
      return `${PATHS} -d`;
    default:
      return ':';
  }
}

const afterOption = ({ names, value }: OptionNode): string =>
  `    ${names.join(' | ')}) ${candidates(value)}; return ;;`;

const ofCommand = ({ name, options, argument }: CommandNode): string => `    ${name})
      if [[ $current == -* ]]; then _mooring_agent_offer -W "$everywhere ${words(options)}"
      else ${candidates(argument)}; fi ;;`;

/** Bash hands over `--channel=st` as three words, which is why `=` is looked for. */
export function bashScript({ name, options, commands }: Tree): string {
  const withValue = new Map(
    [...options, ...commands.flatMap((command) => command.options)]
      .filter(({ value }) => value.kind !== 'none')
      .map((option) => [option.names.join(' | '), option]),
  );
  return `# Completes ${name} in bash.
${OFFER}

_mooring_agent() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command='' i
  local everywhere='${words(options)}'
  COMPREPLY=()
  if [[ $current == '=' ]]; then current=''
  elif [[ $previous == '=' ]]; then previous=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${[...withValue.keys()].join(' | ')})
        if [[ \${COMP_WORDS[i + 1]} == '=' ]]; then ((i += 2)); else ((i += 1)); fi ;;
      -*) ;;
      *) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  case $previous in
${[...withValue.values()].map(afterOption).join('\n')}
  esac
  case $command in
    '')
      if [[ $current == -* ]]; then _mooring_agent_offer -W "$everywhere"
      else _mooring_agent_offer -W '${commands.map((command) => command.name).join(' ')}'; fi ;;
${commands.map(ofCommand).join('\n')}
  esac
}

complete -F _mooring_agent ${name}
`;
}
