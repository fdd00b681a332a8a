import { refuseOldNode } from './supported-node.js';

refuseOldNode();
// Only now: what is loaded here uses what an older Node does not have.
const { runService } = await import('./service.js');
await runService();
