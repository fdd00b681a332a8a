import { join } from 'node:path';
import { StartupError } from '../../src/startup-error.js';
import { storageLocation } from '../../src/storage/storage-location.js';

const at = (url: string | null) => storageLocation(url, '/data');

const refusal = (url: string): string => {
  try {
    at(url);
  } catch (error) {
    if (error instanceof StartupError) return error.message;
    throw error;
  }
  throw new Error(`${url} was accepted`);
};

describe('a folder', () => {
  it.each([
    [null, '/data/storage'],
    ['file:/srv/files', '/srv/files'],
    ['file:/srv/my files/100%', '/srv/my files/100%'],
    ['file:///srv/my%20files', '/srv/my files'],
    ['file:files', join(process.cwd(), 'files')],
    ['file:./files/', join(process.cwd(), 'files')],
  ])('%s is %s', (url, folder) => {
    expect(at(url)).toEqual({ kind: 'local', folder });
  });

  it('of another machine is refused', () => {
    expect(refusal('file://server/share')).toBe(
      'STORAGE_URL names no folder of this machine: write file:/folder.',
    );
  });
});

describe('a bucket', () => {
  const plain = {
    kind: 's3',
    bucket: 'files',
    prefix: '',
    region: null,
    endpoint: null,
    forcePathStyle: false,
  };

  it.each([
    ['s3://files', plain],
    ['s3://files/', plain],
    ['s3://files?region=eu-central-1', { ...plain, region: 'eu-central-1' }],
    ['s3://files/panel/releases/', { ...plain, prefix: 'panel/releases' }],
    [
      's3://files/a?region=x&endpoint=http://127.0.0.1:9000&force_path_style=true',
      { ...plain, prefix: 'a', region: 'x', endpoint: 'http://127.0.0.1:9000', forcePathStyle: true },
    ],
    ['s3://files?force_path_style=false', plain],
  ])('is read from %s', (url, location) => {
    expect(at(url)).toEqual(location);
  });

  it.each([
    ['s3:///prefix', 'must name a bucket'],
    ['s3://files:9000', 'must name a bucket'],
    ['s3://files?colour=red', 'unknown parameter'],
    ['s3://files?endpoint=ftp://x', 'endpoint'],
    ['s3://files?endpoint=nowhere', 'endpoint'],
    ['s3://files?force_path_style=yes', 'force_path_style'],
    ['s3://files/.hidden', 'prefix'],
    ['s3://files/a//b', 'prefix'],
    ['s3://files/%zz', 'prefix'],
  ])('is not read from %s', (url, why) => {
    expect(refusal(url)).toContain(why);
  });

  it('with credentials in it is refused without repeating them', () => {
    const message = refusal('s3://AKIA123:topsecret@files');
    expect(message).toContain('credentials');
    expect(message).not.toMatch(/AKIA123|topsecret/);
  });
});
