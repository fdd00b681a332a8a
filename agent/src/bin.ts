#!/usr/bin/env node
import { main } from './cli/main.js';

// At once: an update hook that outlives its daemon is still a child, and may be waiting for this very process to end.
// Everything that was to be said has left the process by now.
process.exit(await main(process.argv.slice(2)));
