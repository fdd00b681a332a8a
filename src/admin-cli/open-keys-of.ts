import { openKeys, type OpenKeys } from '../signing/open-keys.js';
import type { Workplace } from './command.js';

/** What the master key of this database opens; refuses one that does not fit before anything is changed. */
export const openKeysOf = ({ config, database, clock }: Workplace): Promise<OpenKeys> =>
  openKeys(
    { masterKey: config.MASTER_KEY, dataDir: database.dataDir, issuer: config.PUBLIC_URL },
    { dataSource: database.dataSource, clock },
  );
