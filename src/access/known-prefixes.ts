import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock.js';
import { Product } from '../database/entities/index.js';
import { independently } from '../database/unit-of-work.js';

const RELOAD_AFTER_MS = 60_000;

/**
 * The key prefixes of the products, for judging a checksum. A prefix that is not known yet only means that a key
 * is looked up instead of refused at once, so a minute of age costs nothing but a query.
 */
@Injectable()
export class KnownPrefixes {
  private prefixes: ReadonlySet<string> = new Set();
  private reloadAt = 0;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  async current(): Promise<ReadonlySet<string>> {
    const now = this.clock.now().getTime();
    if (now >= this.reloadAt) {
      // Shared by all requests: what one of them has not committed yet is no part of it.
      const products = await independently(() =>
        this.dataSource.manager.find(Product, { select: { keyPrefix: true } }),
      );
      this.prefixes = new Set(products.map((product) => product.keyPrefix));
      this.reloadAt = now + RELOAD_AFTER_MS;
    }
    return this.prefixes;
  }
}
