import { flag, instant, integer, nullable, resource, sha256, text, version } from '../http/shapes.js';

/** What check-update answers. */
export const UPDATE = resource('Update', {
  update_available: flag({ example: true }),
  current_version: version({ example: '1.0.0' }),
  latest_version: version({ description: 'The newest release that the license covers.' }),
  changelog: nullable(text({ example: 'Faster.' })),
  released_at: nullable(instant()),
  mandatory: flag(),
  security: flag(),
  size: nullable(integer({ example: 20, description: 'Bytes; null when there is no file for the machine.' })),
  sha256: nullable(sha256()),
  via_version: nullable(
    version({ description: 'The stepping stone to take first; the fields above are its.' }),
    {
      example: null,
    },
  ),
  updates_expired: flag({ description: 'A newer release exists that only the updates window hides.' }),
});
