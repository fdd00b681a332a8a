import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Lap, Origin, Run } from './run.ts';

/** The load generator: one run at a time. */
export interface Generator {
  run(run: Run): Promise<Lap>;
  stop(): Promise<void>;
}

type Reply = { readonly lap: Lap } | { readonly failure: string };

export function startGenerator(origin: Origin): Generator {
  const worker = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), {
    serialization: 'advanced',
    execArgv: ['--disable-warning=ExperimentalWarning'],
    detached: true,
  });
  worker.send({ origin });
  return {
    async run(run) {
      const { promise: gone, reject } = Promise.withResolvers<never>();
      const onExit = () => reject(new Error('The load generator has ended'));
      worker.once('exit', onExit);
      try {
        worker.send({ run });
        const [reply] = (await Promise.race([once(worker, 'message'), gone])) as [Reply];
        if ('failure' in reply) throw new Error(reply.failure);
        return reply.lap;
      } finally {
        worker.off('exit', onExit);
      }
    },
    async stop() {
      if (worker.exitCode !== null || worker.signalCode !== null) return;
      const exited = once(worker, 'exit');
      worker.kill();
      await exited;
    },
  };
}
