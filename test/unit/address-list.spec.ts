import { isAddressRange, isInRanges } from '../../src/access/address-list.js';

describe('an address range', () => {
  it.each([
    '10.0.0.1',
    '10.0.0.0/8',
    '0.0.0.0/0',
    '2001:db8::1',
    '2001:db8::/32',
    '::/0',
    '::ffff:10.0.0.1',
    '::ffff:10.0.0.0/104',
  ])('may be %s', (text) => expect(isAddressRange(text)).toBe(true));

  it.each([
    '',
    '10',
    '10.1',
    '0x7f.1',
    '010.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '2001:db8::/129',
    'fe80::1%eth0',
    'example.com',
    ' 10.0.0.1',
  ])("may not be '%s'", (text) => expect(isAddressRange(text)).toBe(false));
});

describe('an address', () => {
  it.each([
    ['10.1.2.3', '10.0.0.0/8'],
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.0.0.0/8'],
    ['10.1.2.3', '::ffff:10.0.0.0/104'],
    ['10.1.2.3', '::ffff:10.1.2.3'],
    ['2001:db8::5', '2001:db8::/32'],
    ['2001:DB8:0:0::5', '2001:db8::5'],
  ])('%s lies in %s', (address, range) => expect(isInRanges(address, ['192.0.2.1', range])).toBe(true));

  it.each([
    ['11.1.2.3', '10.0.0.0/8'],
    ['10.1.2.4', '10.1.2.3'],
    ['2001:db9::5', '2001:db8::/32'],
    ['2001:db8::5', '0.0.0.0/0'],
    ['10.1.2.3', '::/0'],
    ['not an address', '0.0.0.0/0'],
    ['', '::/0'],
  ])("'%s' does not lie in %s", (address, range) => expect(isInRanges(address, [range])).toBe(false));

  it('lies in no empty list', () => expect(isInRanges('10.0.0.1', [])).toBe(false));
});
