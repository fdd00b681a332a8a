import { Ticker } from '../../src/jobs/ticker.js';
import type { TestApp } from './app.js';

/**
 * Ends what a node looks after by the second, and waits for what of it is under way: from here on it seals and delivers
 * only what the test itself has it seal and deliver. Of several nodes on one database each must be told.
 */
export const stopTicks = (app: TestApp): Promise<void> => app.nest.get(Ticker).beforeApplicationShutdown();
