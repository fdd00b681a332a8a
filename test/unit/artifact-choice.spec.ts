import { artifactFor } from '../../src/domain/artifact-choice.js';

/** Files written as platform/arch, with * for any. */
const files = (...names: string[]) =>
  names.map((id) => {
    const [platform, arch] = id.split('/').map((part) => (part === '*' ? null : part));
    return { id, platform: platform ?? null, arch: arch ?? null };
  });

const ALL = ['*/*', '*/x64', 'linux/*', 'linux/x64', 'linux/arm64', 'win32/x64'];

describe('the file for a machine', () => {
  it.each<[string[], string | null | undefined, string | null | undefined, string | null]>([
    // The closest goes first, in whatever order they are stored.
    [ALL, 'linux', 'x64', 'linux/x64'],
    [ALL.toReversed(), 'linux', 'x64', 'linux/x64'],
    [['*/*', '*/x64', 'linux/*'], 'linux', 'x64', 'linux/*'],
    [['linux/*', '*/x64', '*/*'], 'linux', 'x64', 'linux/*'],
    [['*/*', '*/x64', 'win32/x64'], 'linux', 'x64', '*/x64'],
    [['*/*', 'win32/x64'], 'linux', 'x64', '*/*'],
    [ALL, 'linux', 'riscv64', 'linux/*'],
    [ALL, 'darwin', 'arm64', '*/*'],
    // Nothing for it.
    [[], 'linux', 'x64', null],
    [[], null, null, null],
    [['win32/x64'], 'linux', 'x64', null],
    [['linux/arm64'], 'linux', 'x64', null],
    [['linux/x64'], 'Linux', 'x64', null],
    // A machine that does not say what it is.
    [ALL, null, null, '*/*'],
    [ALL, undefined, undefined, '*/*'],
    [ALL, 'linux', null, 'linux/*'],
    [ALL, null, 'x64', '*/x64'],
    [['linux/x64', '*/*'], null, null, '*/*'],
    [['linux/x64'], null, null, 'linux/x64'],
    [['linux/x64'], undefined, undefined, 'linux/x64'],
    [['linux/x64'], 'linux', null, 'linux/x64'],
    [['linux/x64'], null, 'x64', 'linux/x64'],
    [['linux/*'], null, 'arm64', 'linux/*'],
    [['linux/x64'], 'win32', null, null],
    [['linux/x64'], null, 'arm64', null],
    [['linux/x64', 'win32/x64'], null, null, null],
    [['linux/x64', 'win32/x64'], null, 'x64', null],
    [['linux/x64', 'win32/x64'], 'linux', null, 'linux/x64'],
    [['linux/x64', 'linux/arm64', 'win32/x64'], null, 'arm64', 'linux/arm64'],
    [['linux/x64', 'win32/x64', '*/*'], 'linux', null, '*/*'],
    [['linux/x64', 'linux/arm64'], 'linux', null, null],
  ])('of %j for %j, %j is %j', (names, platform, arch, expected) => {
    expect(artifactFor(files(...names), { platform, arch })?.id ?? null).toBe(expected);
  });
});
