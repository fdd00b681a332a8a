import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { AdminAnswers, AdminLists } from '../../http/api-doc.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { PRODUCT, productBody } from './product-body.js';
import { CreateProduct, ProductsQuery, UpdateProduct } from './products.dto.js';
import { ProductsService } from './products.service.js';

@ApiTags('products')
@ApiSecurity('admin_key')
@Requires('products')
@Controller('admin/products')
export class ProductsController {
  constructor(private readonly products: ProductsService) {}

  @Get()
  @AdminLists('listProducts', PRODUCT, { description: 'What licenses can be sold for.' })
  async list(@Query() query: ProductsQuery) {
    const [rows, total] = await this.products.list(query);
    return adminList(rows.map(productBody), total, query);
  }

  @Post()
  @AdminAnswers('createProduct', PRODUCT, {
    description: 'Something to sell: licenses and versions are of one product. Its `code` is its own.',
    refuses: { 409: ['The code has already been taken.'] },
  })
  async create(@Body() body: CreateProduct, @CurrentActor() actor: Actor) {
    return adminAnswer(productBody(await this.products.create(body, actor)));
  }

  @Get(':id')
  @AdminAnswers('getProduct', PRODUCT, { description: 'With the lowest version that its panels may run.' })
  async get(@Param('id') id: string) {
    return adminAnswer(productBody(await this.products.get(id)));
  }

  @Patch(':id')
  @AdminAnswers('updateProduct', PRODUCT, {
    description: 'A raised `minimum_version` is seen by the very next call of every panel.',
    sends: { name: 'Panel for servers' },
  })
  async update(@Param('id') id: string, @Body() body: UpdateProduct, @CurrentActor() actor: Actor) {
    return adminAnswer(productBody(await this.products.update(id, body, actor)));
  }

  @Delete(':id')
  @AdminAnswers('deleteProduct', null, {
    description: 'Only while there is no license and no version of it.',
    refuses: { 409: ['The product still has licenses.', 'The product still has versions.'] },
  })
  async remove(@Param('id') id: string, @CurrentActor() actor: Actor) {
    await this.products.remove(id, actor);
    return adminAnswer(null);
  }
}
