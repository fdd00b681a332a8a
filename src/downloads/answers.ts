import { flag, instant, integer, jws, nullable, resource, sha256, text, version } from '../http/shapes.js';

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

export const EXAMPLE_TOKEN = 'mVtqJ2xYc0nGQeL9h1RkD4sWbUo7ZfPa3TiXyE6KvHM';

/** The right to fetch one file for a quarter of an hour. */
export const DOWNLOAD_TOKEN = resource('DownloadToken', {
  token: text({ example: EXAMPLE_TOKEN }),
  url: text({
    example: `https://licenses.example.com/api/v1/download/file/${EXAMPLE_TOKEN}`,
    description: 'Absolute.',
  }),
  expires_in: integer({ example: 900, description: 'Seconds.' }),
  version: version(),
  filename: text({ example: 'panel-1.4.2.tgz' }),
  size: integer({ example: 20, description: 'Bytes.' }),
  sha256: sha256(),
  signature: jws('mooring-artifact+jwt', 'Over product, version, platform, arch, filename, size and sha256.'),
});
