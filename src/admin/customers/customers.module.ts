import { Module } from '@nestjs/common';
import { CustomersController } from './customers.controller.js';
import { CustomersService } from './customers.service.js';
import { ErasureService } from './erasure.service.js';

@Module({ controllers: [CustomersController], providers: [CustomersService, ErasureService] })
export class AdminCustomersModule {}
