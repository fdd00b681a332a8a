import { availableParallelism, cpus, release, totalmem } from 'node:os';

/** What figures are worth nothing without. */
export const machineFacts = () => ({
  date: new Date().toISOString(),
  cores: availableParallelism(),
  processor: cpus()[0]?.model ?? 'unknown',
  memory_gb: Math.round(totalmem() / 1024 ** 3),
  system: `${process.platform} ${release()} ${process.arch}`,
  node: process.version,
});
