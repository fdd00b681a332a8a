import { join } from 'node:path';
import { AgentFault } from '../../errors.js';
import type { HardwareReport } from '../../hardware/hardware-report.js';
import type { Run } from '../context.js';
import { withoutKeys } from '../keys-out.js';
import { table, type Reply } from '../reply.js';

interface HardwareFlags {
  readonly explain?: boolean;
  readonly createSeed?: boolean;
}

export const run: Run = async (context, _args, options) => {
  const { explain, createSeed } = options as HardwareFlags;
  const agent = await context.agent();
  if (createSeed) {
    const { settings } = agent;
    const { createSeed: create } = await import('../../hardware/create-seed.js');
    const file = settings.seedFile ?? join(settings.stateDir, 'hardware-seed');
    await create(file);
    await context.say(`The seed is in ${file}. Keep it with the panel, and out of images that are copied.`);
  }
  const report = await agent.hardware();
  if (explain) return explained(report);
  if (report.hardware === null)
    throw new AgentFault('HARDWARE_UNKNOWN', report.problem ?? 'The hardware id cannot be told.');
  const { id, recipe } = report.hardware;
  return { exit: 0, json: { hardware_id: id, recipe }, lines: [id] };
};

function explained({
  hardware,
  problem,
  because,
  container,
  machineIdFrom,
  seedFile,
}: HardwareReport): Reply {
  return {
    // What is unknown is a failure, however well it is explained.
    exit: hardware === null ? 1 : 0,
    json: {
      hardware_id: hardware?.id ?? null,
      recipe: hardware?.recipe ?? null,
      problem,
      because,
      container,
      machine_id_from: machineIdFrom,
      seed_file: seedFile,
    },
    lines: [
      hardware === null ? 'The hardware id cannot be told.' : hardware.id,
      ...table([
        ['Made of', hardware?.recipe ?? null],
        ['Machine id', machineIdFrom],
        ['Seed file', seedFile],
        ['Container', container],
        ['Problem', problem],
      ]),
      ...because.map((sentence) => `- ${sentence}`),
      // A path may be a key in the wrong place.
    ].map((line) => withoutKeys(line)),
  };
}
