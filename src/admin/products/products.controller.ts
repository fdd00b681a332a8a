import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { Product } from '../../database/entities/index.js';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { CreateProduct, ProductsQuery, UpdateProduct } from './products.dto.js';
import { ProductsService } from './products.service.js';

const productBody = (row: Product) => ({
  id: row.id,
  code: row.code,
  name: row.name,
  key_prefix: row.keyPrefix,
  minimum_version: row.minimumVersion,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
});

@ApiTags('products')
@ApiSecurity('admin_key')
@Requires('products')
@Controller('admin/products')
export class ProductsController {
  constructor(private readonly products: ProductsService) {}

  @Get()
  async list(@Query() query: ProductsQuery) {
    const [rows, total] = await this.products.list(query);
    return adminList(rows.map(productBody), total, query);
  }

  @Post()
  async create(@Body() body: CreateProduct, @CurrentActor() actor: Actor) {
    return adminAnswer(productBody(await this.products.create(body, actor)));
  }

  @Get(':id')
  async get(@Param('id') id: string) {
    return adminAnswer(productBody(await this.products.get(id)));
  }

  /** A raised `minimum_version` is seen by the very next call of every panel. */
  @Patch(':id')
  async update(@Param('id') id: string, @Body() body: UpdateProduct, @CurrentActor() actor: Actor) {
    return adminAnswer(productBody(await this.products.update(id, body, actor)));
  }

  /** Refused while the product has licenses or versions. */
  @Delete(':id')
  async remove(@Param('id') id: string, @CurrentActor() actor: Actor) {
    await this.products.remove(id, actor);
    return adminAnswer(null);
  }
}
