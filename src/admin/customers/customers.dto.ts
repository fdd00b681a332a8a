import { PartialType } from '@nestjs/swagger';
import { EmailField, MetadataField, Text } from '../../http/fields.js';
import { listQuery } from '../../http/pagination.js';

export class CreateCustomer {
  @Text({ required: true, trim: true, example: 'Harbour Hosting' })
  name: string;

  @EmailField({ nullable: true, example: 'licenses@harbour.example' })
  email?: string | null;

  @MetadataField({ description: 'Anything of the vendor’s own, such as the id in the billing system.' })
  metadata?: Record<string, unknown>;
}

export class UpdateCustomer extends PartialType(CreateCustomer) {}

export const CUSTOMERS_SORTED = ['created_at', 'updated_at', 'name', 'email'] as const;

export class CustomersQuery extends listQuery(CUSTOMERS_SORTED) {
  @Text({ description: 'In any case.' })
  email?: string;
}
