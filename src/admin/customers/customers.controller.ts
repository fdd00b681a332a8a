import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { AdminAnswers, AdminLists } from '../../http/api-doc.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { CUSTOMER, customerBody, customerViewBody } from './customer-body.js';
import { CreateCustomer, CustomersQuery, UpdateCustomer } from './customers.dto.js';
import { CustomersService } from './customers.service.js';
import { ErasureService } from './erasure.service.js';

@ApiTags('customers')
@ApiSecurity('admin_key')
@Requires('customers')
@Controller('admin/customers')
export class CustomersController {
  constructor(
    private readonly customers: CustomersService,
    private readonly erasures: ErasureService,
  ) {}

  @Get()
  @AdminLists('listCustomers', CUSTOMER)
  async list(@Query() query: CustomersQuery) {
    const [rows, total] = await this.customers.list(query);
    return adminList(rows.map(customerBody), total, query);
  }

  @Post()
  @AdminAnswers('createCustomer', CUSTOMER)
  async create(@Body() body: CreateCustomer, @CurrentActor() actor: Actor) {
    return adminAnswer(customerBody(await this.customers.create(body, actor)));
  }

  @Get(':id')
  @AdminAnswers('getCustomer', CUSTOMER)
  async get(@Param('id') id: string) {
    return adminAnswer(customerViewBody(await this.customers.get(id)));
  }

  @Patch(':id')
  @AdminAnswers('updateCustomer', CUSTOMER, {
    sends: { email: 'billing@harbour.example' },
    refuses: { 409: ['The customer has been erased.'] },
  })
  async update(@Param('id') id: string, @Body() body: UpdateCustomer, @CurrentActor() actor: Actor) {
    return adminAnswer(customerBody(await this.customers.update(id, body, actor)));
  }

  @Delete(':id')
  @AdminAnswers('deleteCustomer', null, {
    refuses: { 409: ['The customer still has licenses.', 'The customer still has users.'] },
  })
  async remove(@Param('id') id: string, @CurrentActor() actor: Actor) {
    await this.customers.remove(id, actor);
    return adminAnswer(null);
  }

  @Post(':id/erase')
  @HttpCode(200)
  @AdminAnswers('eraseCustomer', CUSTOMER, {
    description:
      'For good: nothing that names a person is left of the customer, its users, licenses, seats and events. Licenses, seats, ' +
      'counts and the audit chain stay, and panels go on working.',
    refuses: { 409: ['The customer has already been erased.'] },
  })
  async erase(@Param('id') id: string, @CurrentActor() actor: Actor) {
    return adminAnswer(customerBody(await this.erasures.erase(id, actor)));
  }
}
