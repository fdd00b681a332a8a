import { OmitType, PartialType } from '@nestjs/swagger';
import { Text, VersionField } from '../../http/fields.js';
import { listQuery } from '../../http/pagination.js';

export class CreateProduct {
  @Text({ required: true, max: 64, pattern: /^[a-z0-9][a-z0-9._-]*$/, example: 'panel' })
  code: string;

  @Text({ required: true, trim: true, example: 'Panel' })
  name: string;

  @Text({
    max: 16,
    pattern: /^[A-Za-z][A-Za-z0-9]*$/,
    example: 'PANEL',
    description: 'What its license keys begin with, kept in upper case. Made from the code unless given.',
  })
  key_prefix?: string;

  @VersionField({ nullable: true, description: 'No panel below this version is answered.' })
  minimum_version?: string | null;
}

/** The code stays: installed panels send it. Another prefix is for new keys; those already sold keep theirs and stay valid. */
export class UpdateProduct extends PartialType(OmitType(CreateProduct, ['code'])) {}

export const PRODUCTS_SORTED = ['created_at', 'updated_at', 'code', 'name'] as const;

export class ProductsQuery extends listQuery(PRODUCTS_SORTED) {
  @Text()
  code?: string;

  @Text()
  name?: string;

  @Text()
  key_prefix?: string;
}
