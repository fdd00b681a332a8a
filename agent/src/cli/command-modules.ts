import type { CommandName } from './commands-table.js';
import type { CommandModule } from './context.js';

/** What each command does; loaded when it is called. */
export const MODULES = {
  activate: () => import('./commands/activate.js'),
  status: () => import('./commands/status.js'),
  check: () => import('./commands/check.js'),
  update: () => import('./commands/update.js'),
  deactivate: () => import('./commands/deactivate.js'),
  rebind: () => import('./commands/rebind.js'),
  'offline-request': () => import('./commands/offline-request.js'),
  'offline-install': () => import('./commands/offline-install.js'),
  'hardware-id': () => import('./commands/hardware-id.js'),
  usage: () => import('./commands/usage.js'),
  serve: () => import('./commands/serve.js'),
  completion: () => import('./commands/completion.js'),
} as const satisfies Record<CommandName, () => Promise<CommandModule>>;
