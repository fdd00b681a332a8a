import { networkOf } from '../../src/http/limits/network.js';

describe('what an address is counted as', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%s counts as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it('counts everything unreadable together, so that a new spelling buys no new count', () => {
    expect(['', 'unknown', '192.0.2.1:80', '[2001:db8::1]:80', '192.0.2.256'].map(networkOf)).toEqual(
      Array.from({ length: 5 }, () => 'unreadable'),
    );
  });
});
