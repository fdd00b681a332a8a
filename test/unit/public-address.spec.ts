import { isPublicAddress, namesPrivateHost } from '../../src/access/public-address.js';

describe('an address', () => {
  it.each([
    ['8.8.8.8'],
    ['1.1.1.1'],
    ['100.63.255.255'],
    ['100.128.0.1'],
    ['168.63.129.17'],
    ['172.15.255.255'],
    ['172.32.0.1'],
    ['169.253.255.255'],
    ['2606:4700::1111'],
    ['2a00:1450:4001::200e'],
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['loopback', '::1'],
    ['unspecified', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['unspecified', '::'],
    ['private', '10.0.0.1'],
    ['private', '172.16.0.1'],
    ['private', '192.168.1.1'],
    ['carrier NAT', '100.64.0.1'],
    ['carrier NAT', '100.127.255.255'],
    ['link-local, cloud metadata', '169.254.169.254'],
    ['cloud metadata', 'fd00:ec2::254'],
    ['cloud metadata', '100.100.100.200'],
    ["Azure's wire server", '168.63.129.16'],
    ['link-local', 'fe80::1'],
    ['unique local', 'fc00::1'],
    ['unique local', 'fdff::1'],
    ['site-local', 'fec0::1'],
    ['multicast', '224.0.0.1'],
    ['multicast', '239.255.255.255'],
    ['multicast', 'ff02::1'],
    ['broadcast', '255.255.255.255'],
    ['reserved', '240.0.0.1'],
    ['protocol assignments', '192.0.0.8'],
    ['documentation', '192.0.2.1'],
    ['documentation', '2001:db8::1'],
    ['benchmarks', '198.18.0.1'],
    ['IPv4-mapped loopback', '::ffff:127.0.0.1'],
    ['IPv4-mapped loopback', '::ffff:7f00:1'],
    ['IPv4-mapped metadata', '::ffff:169.254.169.254'],
    ['IPv4-mapped, public inside', '::ffff:8.8.8.8'],
    ['IPv4-compatible', '::127.0.0.1'],
    ['IPv4-translated', '::ffff:0:127.0.0.1'],
    ['NAT64', '64:ff9b::7f00:1'],
    ['NAT64', '64:ff9b::a9fe:a9fe'],
    ['local NAT64', '64:ff9b:1::7f00:1'],
    ['6to4', '2002:7f00:1::'],
    ['6to4', '2002:a9fe:a9fe::1'],
    ['Teredo', '2001::7f00:1'],
    ['discard', '100::1'],
    ['not assigned', '4000::1'],
    ['no address', 'localhost'],
    ['no address', ''],
  ])('of %s is not: %s', (_, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('a URL', () => {
  it.each([
    ['http://127.0.0.1/hook'],
    ['http://127.1/hook'],
    ['http://2130706433/hook'],
    ['http://0x7f000001/hook'],
    ['http://0177.0.0.1/hook'],
    ['http://127。0。0。1/hook'],
    ['http://[::1]/hook'],
    ['http://[::ffff:127.0.0.1]/hook'],
    ['http://[64:ff9b::169.254.169.254]/hook'],
    ['http://localhost/hook'],
    ['http://LOCALHOST./hook'],
    ['http://me.localhost:8080/hook'],
    ['http://0/hook'],
  ])('%s names a private host', (url) => {
    expect(namesPrivateHost(new URL(url))).toBe(true);
  });

  it.each([
    ['https://hooks.example.com/x'],
    ['https://localhost.example.com'],
    ['http://8.8.8.8/'],
    ['https://notlocalhost'],
  ])('%s does not', (url) => {
    expect(namesPrivateHost(new URL(url))).toBe(false);
  });
});
