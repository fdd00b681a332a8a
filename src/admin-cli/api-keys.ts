import { CreateApiKey } from '../admin/api-keys/api-keys.dto.js';
import { ApiKeysService } from '../admin/api-keys/api-keys.service.js';
import type { Command } from './command.js';
import { openKeysOf } from './open-keys-of.js';
import { asBody, inItsWords } from './read-options.js';
import { OPERATOR } from './users.js';
import { ReadReplica } from '../database/read-replica.js';

export const createKeyCommand: Command = {
  options: {
    name: { value: 'NAME', help: 'what the key is for' },
    permissions: { value: 'LIST', help: 'all, read, or <resource>:read and <resource>:write, with commas' },
    'ip-whitelist': { value: 'LIST', help: 'addresses and CIDR ranges it may come from, with commas (any)' },
    'expires-in': { value: 'DAYS', help: 'days it lives (0: for ever)' },
    'rate-limit': { value: 'N', help: 'requests a minute (as configured)' },
  },
  help: ['Makes an API key and prints it, once.'],
  async run(place, given) {
    const { pepper } = await openKeysOf(place);
    const { dataSource } = place.database;
    const { key } = await inItsWords(async () => {
      const body = asBody(CreateApiKey, given, ['permissions', 'ip-whitelist']);
      return new ApiKeysService(dataSource, ReadReplica.absent(dataSource), pepper, place.clock).create(
        body,
        OPERATOR,
      );
    });
    place.say(`API key ${given.name}: ${key}`);
  },
};
