import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import { isPublicAddress, namesPrivateHost } from './public-address.js';

/** Where a name leads. The operating system's resolver, hosts file included, as for every other connection. */
@Injectable()
export class NameLookup {
  readonly lookup: LookupFunction = (hostname, options, callback) => lookup(hostname, options, callback);
}

/** A connection that was not made, because it would have led into a private network. */
export class PrivateTarget extends Error {
  constructor() {
    super('The target has a private address');
  }
}

/**
 * An answer to a URL that is being saved must not wait longer for a resolver: a request with an idempotency key holds a
 * transaction meanwhile. What the resolver did not say in time is asked at connect.
 */
const PATIENCE_MS = 500;

/**
 * Keeps requests that others have us make out of the networks that only we can reach. A name is judged again at every
 * connect, on the very addresses that are connected to: what it led to when it was saved says nothing.
 */
@Injectable()
export class Outbound {
  private readonly allowsPrivate: boolean;

  constructor(
    private readonly names: NameLookup,
    @Inject(CONFIG) { WEBHOOKS_ALLOW_PRIVATE }: Config,
  ) {
    this.allowsPrivate = WEBHOOKS_ALLOW_PRIVATE;
  }

  /** Whether the URL leads to a private address now. A name that can't be resolved at the moment leads nowhere. */
  async isPrivate(url: URL): Promise<boolean> {
    if (this.allowsPrivate) return false;
    if (namesPrivateHost(url)) return true;
    // A literal address would have been judged by now.
    return isIP(url.hostname) === 0 && !url.hostname.startsWith('[') && this.resolvesPrivately(url.hostname);
  }

  /** @throws PrivateTarget for an address in the URL, which no lookup is made for */
  refusePrivate(url: URL): void {
    if (!this.allowsPrivate && namesPrivateHost(url)) throw new PrivateTarget();
  }

  /** For the socket of a request: it fails where any of the addresses is private. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.names.lookup(hostname, options, (error, found, family) => {
      const addresses = typeof found === 'string' ? [found] : (found ?? []).map(({ address }) => address);
      const isRefused = error === null && !this.allowsPrivate && !addresses.every(isPublicAddress);
      callback(isRefused ? new PrivateTarget() : error, found, family);
    });
  };

  private resolvesPrivately(hostname: string): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), PATIENCE_MS);
      this.lookup(hostname, { all: true }, (error) => {
        clearTimeout(timer);
        resolve(error instanceof PrivateTarget);
      });
    });
  }
}
