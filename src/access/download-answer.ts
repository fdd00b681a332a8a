import { integer, jws, resource, sha256, text, version, type Wire } from '../http/shapes.js';

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

export type DownloadTokenBody = Wire<typeof DOWNLOAD_TOKEN>;
