import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../../clock.js';
import { Product } from '../../database/entities/index.js';
import { ReadReplica } from '../../database/read-replica.js';
import type { Actor } from '../../domain/actor.js';
import { conflict } from '../../http/errors.js';
import { Records, taken, type RecordKind } from '../records.js';
import { keyPrefixOf } from './key-prefix.js';
import type { CreateProduct, PRODUCTS_SORTED, ProductsQuery, UpdateProduct } from './products.dto.js';

const PRODUCTS: RecordKind<Product> = {
  entity: Product,
  subject: 'product',
  name: 'Product',
  identity: ({ code }) => ({ code }),
  conflicts: {
    products_code_key: () => taken('code'),
    licenses_product_id_fkey: () => conflict('The product still has licenses.'),
    releases_product_id_fkey: () => conflict('The product still has versions.'),
  },
};

const SORTED = {
  created_at: 'record.createdAt',
  updated_at: 'record.updatedAt',
  code: 'record.code',
  name: 'record.name',
} as const satisfies Record<(typeof PRODUCTS_SORTED)[number], string>;

@Injectable()
export class ProductsService {
  private readonly records: Records<Product>;

  constructor(
    dataSource: DataSource,
    private readonly replica: ReadReplica,
    private readonly clock: Clock,
  ) {
    this.records = new Records(dataSource, PRODUCTS);
  }

  list(query: ProductsQuery): Promise<[Product[], number]> {
    return this.records.list(this.replica, query, {
      searched: ['record.code', 'record.name', 'record.keyPrefix'],
      sorted: SORTED,
      filtered: {
        'record.code': query.code,
        'record.name': query.name,
        'record.keyPrefix': query.key_prefix?.toUpperCase(),
      },
    });
  }

  get(id: string): Promise<Product> {
    return this.records.get(id);
  }

  create(body: CreateProduct, actor: Actor): Promise<Product> {
    const now = this.clock.now();
    const row = {
      id: uuidv7(),
      code: body.code,
      name: body.name,
      keyPrefix: body.key_prefix?.toUpperCase() ?? keyPrefixOf(body.code),
      minimumVersion: body.minimum_version ?? null,
      createdAt: now,
      updatedAt: now,
    };
    return this.records.insert(row, { actor, now });
  }

  update(id: string, body: UpdateProduct, actor: Actor): Promise<Product> {
    const changes = {
      name: body.name,
      keyPrefix: body.key_prefix?.toUpperCase(),
      minimumVersion: body.minimum_version,
    };
    return this.records.update(id, () => changes, { actor, now: this.clock.now() });
  }

  remove(id: string, actor: Actor): Promise<void> {
    return this.records.remove(id, { actor, now: this.clock.now() });
  }
}
