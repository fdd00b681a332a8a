import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
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

  it('reads every IPv4 address as the library does, mapped or not', () => {
    fc.assert(
      fc.property(fc.ipV4Extended(), (address) => {
        const read = ipaddr.process(address).toString();
        expect([networkOf(address), networkOf(`::ffff:${read}`)]).toEqual([read, read]);
      }),
    );
  });

  it('answers the same for each of thousands of networks, however often they come', () => {
    const ids = Array.from({ length: 3_000 }, (_, i) => (i + 1).toString(16));
    const seen = [...ids, ...ids.toReversed()].map((id) => [networkOf(`2001:db8:0:${id}::1`), id]);
    expect(seen.filter(([network, id]) => network !== `2001:db8:0:${id}::/64`)).toEqual([]);
  });
});
