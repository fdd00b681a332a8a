import { agentVersion } from '../agent-version.js';
import { AgentFault } from '../errors.js';
import { MODULES } from './command-modules.js';
import type { Context } from './context.js';
import { exitOfFault } from './exit-codes.js';
import type { Call } from './program.js';
import { settingsFrom, type ReadSettings } from './settings-from.js';
import { Stopper } from './stopper.js';
import { complain, hasLostOutput, print, say, tolerateBrokenStreams } from './terminal.js';

/** Whether an option is on the line, known before anything is parsed, as mistakes are told in the same way. */
const has = (argv: readonly string[], ...options: readonly string[]): boolean =>
  (argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv).some((arg) => options.includes(arg));

/** Runs the command line and answers its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  tolerateBrokenStreams();
  const exit = await answer(argv);
  return hasLostOutput() ? 1 : exit;
}

async function answer(argv: readonly string[]): Promise<number> {
  const json = has(argv, '--json');
  try {
    if (has(argv, '--version', '-V')) {
      const version = agentVersion();
      await print({ exit: 0, json: { version }, lines: [version] }, json);
      return 0;
    }
    const parsed = plainStatus(argv) ?? (await import('./parse-line.js')).parseLine(argv);
    if ('call' in parsed) return await run(parsed.call, json);
    await print({ exit: 0, json: parsed, lines: [parsed.help] }, json);
    return 0;
  } catch (error) {
    return failed(error, json);
  }
}

/** What panels ask most often, maybe at each request, takes no parser: that alone costs a third of the time. */
function plainStatus(argv: readonly string[]): { readonly call: Call } | null {
  if (argv.filter((arg) => arg !== '--json').join(' ') !== 'status') return null;
  return { call: { name: 'status', stopsItself: false, args: [], options: {}, flags: {} } };
}

async function run(call: Call, json: boolean): Promise<number> {
  const stopper = new Stopper(call.stopsItself, json);
  let known: ReadSettings | undefined;
  const read = (): ReadSettings => (known ??= settingsFrom(call.flags));
  const context: Context = {
    json,
    signal: stopper.signal,
    read,
    agent: async () => {
      const { settings } = read();
      const { Agent } = await import('../agent.js');
      return new Agent(settings);
    },
    print: (reply) => print(reply, json),
    say: async (text) => (json ? undefined : say(text)),
  };
  try {
    const { run: command } = await MODULES[call.name]();
    const reply = await command(context, call.args, call.options);
    if (reply !== null) await print(reply, json);
    return stopper.exit ?? reply?.exit ?? 0;
  } catch (error) {
    const exit = await failed(error, json);
    return stopper.exit ?? exit;
  } finally {
    stopper.end();
  }
}

async function failed(error: unknown, json: boolean): Promise<number> {
  if (error instanceof AgentFault) {
    const { code, message, retryAfterSeconds } = error;
    const retry = retryAfterSeconds === null ? {} : { retry_after_seconds: retryAfterSeconds };
    await complain({ code, message, ...retry }, json);
    return exitOfFault(code);
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  await complain({ code: 'INTERNAL_ERROR', message: `This is a defect of the agent: ${detail}` }, json);
  return 1;
}
