import type { Product } from '../../database/entities/index.js';
import { id, instant, nullable, resource, text, version, type Wire } from '../../http/shapes.js';

export const PRODUCT = resource('Product', {
  id: id('Product'),
  code: text({ example: 'panel' }),
  name: text({ example: 'Panel' }),
  key_prefix: text({ example: 'PANEL', description: 'What its license keys begin with.' }),
  minimum_version: nullable(version({ description: 'No panel below it is answered.' }), { example: null }),
  created_at: instant(),
  updated_at: instant(),
});

export const productBody = (row: Product): Wire<typeof PRODUCT> => ({
  id: row.id,
  code: row.code,
  name: row.name,
  key_prefix: row.keyPrefix,
  minimum_version: row.minimumVersion,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
});
