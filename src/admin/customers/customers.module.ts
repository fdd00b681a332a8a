import { Module } from '@nestjs/common';
import { CustomersController } from './customers.controller.js';
import { CustomerExportService } from './customer-export.service.js';
import { CustomersService } from './customers.service.js';
import { ErasureService } from './erasure.service.js';

@Module({
  controllers: [CustomersController],
  providers: [CustomersService, CustomerExportService, ErasureService],
})
export class AdminCustomersModule {}
