import { LAPSES } from '../domain/standing.js';
import { AgentFault } from '../errors.js';

/** There is no license to do it with. */
export const nothingActivated = (): AgentFault => new AgentFault('NOT_ACTIVATED', LAPSES.NOT_ACTIVATED);
