import { AgentFault } from '../errors.js';

const LOOPBACK = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * An address as requests are made from it: without a slash at its end. A service may live below a path; a query or
 * credentials would end up in every log, so with them it is none. `undefined`: it is none.
 */
export function normalAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!/^https?:$/.test(url.protocol) || !isPlain) return undefined;
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/**
 * The address, once the license key may travel there: it is a password to the license, and whoever listens on the way could
 * take it.
 * @throws AgentFault USAGE
 */
export function safeAddress(server: string, insecureHttp: boolean): string {
  const address = normalAddress(server);
  if (address === undefined) {
    throw new AgentFault(
      'USAGE',
      'The license server is named by an address such as https://licenses.example.com, without user, query or fragment.',
    );
  }
  const { protocol, hostname } = new URL(address);
  if (protocol === 'https:' || insecureHttp || LOOPBACK.test(hostname)) return address;
  throw new AgentFault(
    'USAGE',
    `The license key would travel in clear to ${hostname}. Use https:// in \`server\`, or set \`insecure_http\` if that network is yours alone.`,
  );
}
