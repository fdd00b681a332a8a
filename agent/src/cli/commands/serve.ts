import type { Run } from '../context.js';

export const run: Run = async (context) => {
  const { serve: settings } = context.read();
  const agent = await context.agent();
  const { serve } = await import('../../serve/serve.js');
  const daemon = await serve(agent, {
    ...settings,
    signal: context.signal,
    log: (line) => void context.say(line),
  });
  const { url, tokenFile } = daemon;
  await context.print({ exit: 0, json: { url, token_file: tokenFile, pid: process.pid }, lines: [url] });
  await daemon.stopped;
  return null;
};
