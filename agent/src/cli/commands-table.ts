interface OptionRow {
  /** As commander wants it: `--out <FILE>`. */
  readonly flags: string;
  readonly help: string;
}

/** A command as the help, the completion and the program know it. */
export interface CommandRow {
  readonly name: string;
  /** As commander wants them: `[key]`. */
  readonly args?: string;
  readonly choices?: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly options?: readonly OptionRow[];
  readonly examples: readonly string[];
  /** Whether it takes the settings of the local API. */
  readonly listens?: true;
  /** Whether it ends well by itself when it is interrupted; others are ended where they are, which harms nothing. */
  readonly stopsItself?: true;
}

const KEY_FILE = {
  flags: '--key-file <FILE>',
  help: 'read the key from a file, or from standard input with -',
} as const;

export const COMMANDS = [
  {
    name: 'activate',
    args: '[key]',
    summary: 'license this machine with a key',
    description:
      'Takes a seat of the license for this machine and keeps its lease. May be repeated; the same machine keeps its seat. ' +
      'Others on this machine can read a key on the command line, so scripts give it in a file or on standard input.',
    options: [KEY_FILE, { flags: '--force', help: 'send the key although it looks mistyped' }],
    examples: [
      'activate PANEL-XXXX-XXXX-XXXX-XXXX-XXXX',
      'activate --key-file /run/secrets/license',
      'activate - < key.txt',
    ],
  },
  {
    name: 'status',
    summary: 'say whether this machine is licensed',
    description:
      'Reads what is known on this machine; the server is not asked. The exit code tells the state.',
    examples: ['status', 'status --json'],
  },
  {
    name: 'check',
    summary: 'ask the server now, and renew the lease',
    description: 'Asks the server for its verdict and renews the lease. `serve` does so by itself, in time.',
    examples: ['check', 'check --json'],
  },
  {
    name: 'update',
    summary: 'download the next version, verify it and install it',
    description:
      'Downloads what the server offers, resumes where it was interrupted, checks size, SHA-256 and signature, and hands ' +
      'the file to the update hook. Without a hook it is only downloaded.',
    options: [
      { flags: '--check', help: 'only say whether there is one' },
      { flags: '--to <VERSION>', help: 'take this version instead' },
      { flags: '--download-only', help: 'do not run the hook' },
    ],
    examples: ['update --check', 'update', 'update --to 1.4.0 --download-only'],
    stopsItself: true,
  },
  {
    name: 'deactivate',
    summary: "give this machine's seat back",
    description:
      'Gives the seat back to the license and forgets the lease, so that another machine can be activated.',
    examples: ['deactivate'],
  },
  {
    name: 'rebind',
    args: '[key]',
    summary: 'move the seat of other hardware to this machine',
    description:
      'For a machine whose hardware has changed, or a copy that takes over: the seat moves here, within the quota of the ' +
      'license. Key and former hardware id are those of the state folder unless given.',
    options: [KEY_FILE, { flags: '--from <HARDWARE_ID>', help: 'the hardware id that holds the seat' }],
    examples: ['rebind', 'rebind --key-file key.txt --from 3f5a…'],
  },
  {
    name: 'offline-request',
    summary: 'write what the vendor needs to license a machine without network',
    description: 'Prints what to send to the vendor, who answers with a lease file. It holds no secret.',
    options: [{ flags: '--out <FILE>', help: 'write it to a file' }],
    examples: ['offline-request --out request.json'],
  },
  {
    name: 'offline-install',
    args: '<file>',
    summary: 'install the lease file that the vendor sent',
    description: 'Verifies the lease file and licenses this machine with it. - reads it from standard input.',
    examples: ['offline-install lease.json'],
  },
  {
    name: 'hardware-id',
    summary: "print this machine's hardware id",
    description: 'Prints the 64 characters under which the server knows this machine.',
    options: [
      { flags: '--explain', help: 'say what it is made of, and what is wrong with that' },
      { flags: '--create-seed', help: 'make the seed file that tells this installation from its copies' },
    ],
    examples: ['hardware-id', 'hardware-id --explain', 'hardware-id --create-seed'],
  },
  {
    name: 'usage',
    args: '<counter=number...>',
    summary: 'keep what the panel counts, for the next check to report',
    description:
      'Replaces the counters that the next check reports, and that the limits of the license are compared with.',
    examples: ['usage accounts=10 domains=7'],
  },
  {
    name: 'serve',
    summary: 'run the local API for the panel, and keep the license fresh',
    description:
      'Serves the panel API on this machine and renews the lease in time. Callers send the token of the token file, which ' +
      'the first start makes.',
    listens: true,
    examples: ['serve', 'serve --port 3082 --token-file /run/panel/agent-token'],
    stopsItself: true,
  },
  {
    name: 'completion',
    args: '<shell>',
    choices: ['bash', 'zsh', 'fish'],
    summary: 'print the completion script of a shell',
    description: 'Prints a script that completes commands and options.',
    examples: [
      'completion bash > /etc/bash_completion.d/mooring-agent',
      'completion zsh > "${fpath[1]}/_mooring-agent"',
      'completion fish > ~/.config/fish/completions/mooring-agent.fish',
    ],
  },
] as const satisfies readonly CommandRow[];

export type CommandName = (typeof COMMANDS)[number]['name'];
