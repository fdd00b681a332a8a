import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../domain/actor.js';
import { Requires } from '../../http/access.js';
import { AdminAnswers, AdminLists, Answers } from '../../http/api-doc.js';
import { adminAnswer, adminList } from '../../http/pagination.js';
import { CurrentActor } from '../../http/principal.js';
import { CUSTOMER, CUSTOMER_EXPORT, customerBody, customerViewBody } from './customer-body.js';
import { CreateCustomer, CustomersQuery, UpdateCustomer } from './customers.dto.js';
import { CustomerExportService } from './customer-export.service.js';
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
    private readonly exports: CustomerExportService,
  ) {}

  @Get()
  @AdminLists('listCustomers', CUSTOMER, {
    description:
      'Those who have been erased are among them, without a name; what a customer holds is told of one alone.',
  })
  async list(@Query() query: CustomersQuery) {
    const [rows, total] = await this.customers.list(query);
    return adminList(rows.map(customerBody), total, query);
  }

  @Post()
  @AdminAnswers('createCustomer', CUSTOMER, {
    description: 'Somebody whom licenses and log-ins can be given to.',
  })
  async create(@Body() body: CreateCustomer, @CurrentActor() actor: Actor) {
    return adminAnswer(customerBody(await this.customers.create(body, actor)));
  }

  @Get(':id')
  @AdminAnswers('getCustomer', CUSTOMER, {
    description: 'With how many licenses the customer has, and seats in use.',
  })
  async get(@Param('id') id: string) {
    return adminAnswer(customerViewBody(await this.customers.get(id)));
  }

  @Patch(':id')
  @AdminAnswers('updateCustomer', CUSTOMER, {
    description: 'Fields that are left out stay as they are.',
    sends: { email: 'billing@harbour.example' },
    refuses: { 409: ['The customer has been erased.'] },
  })
  async update(@Param('id') id: string, @Body() body: UpdateCustomer, @CurrentActor() actor: Actor) {
    return adminAnswer(customerBody(await this.customers.update(id, body, actor)));
  }

  @Delete(':id')
  @AdminAnswers('deleteCustomer', null, {
    description:
      'Only one without licenses and users; to forget a person whose licenses go on, erase the customer.',
    refuses: { 409: ['The customer still has licenses.', 'The customer still has users.'] },
  })
  async remove(@Param('id') id: string, @CurrentActor() actor: Actor) {
    await this.customers.remove(id, actor);
    return adminAnswer(null);
  }

  @Post(':id/erase')
  @Requires({ customers: 'write', users: 'write', licenses: 'write' })
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

  @Get(':id/export')
  @Requires({ customers: 'read', users: 'read', licenses: 'read', audit: 'read' })
  @Answers(
    'exportCustomer',
    { 200: CUSTOMER_EXPORT },
    {
      description:
        'All that is kept about the customer, as a file: users and their sessions, licenses, seats with those given back, moves, ' +
        'and audit events with what they say of persons; of what others did without their address. Nothing of the time when a ' +
        'license or a user was another customer’s. No password, key or token. It is on record who took it.',
      headers: {
        'Content-Disposition': {
          description: 'The name of the file.',
          example: 'attachment; filename="customer.json"',
        },
      },
    },
  )
  async export(
    @Param('id') id: string,
    @CurrentActor() actor: Actor,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const document = await this.exports.export(id, actor);
    void reply
      .headers({
        'content-type': 'application/json; charset=utf-8',
        'content-disposition': 'attachment; filename="customer.json"',
      })
      .send(document);
  }
}
