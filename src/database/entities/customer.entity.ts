import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Who licenses were sold to. Once erased it names nobody, and what it holds stays. */
@Entity({ name: 'customers' })
export class Customer {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text', nullable: true })
  name: string | null;

  @Column({ type: 'text', nullable: true })
  email: string | null;

  @Column({ type: 'jsonb', default: () => "'{}'" })
  metadata: Record<string, unknown>;

  @Column({ type: 'timestamptz', name: 'erased_at', nullable: true })
  erasedAt: Date | null;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at' })
  updatedAt: Date;
}

/** Whose a license or a user has been, and until when. */
@Entity({ name: 'former_customers' })
export class FormerCustomer {
  @PrimaryColumn({ type: 'text', name: 'subject_type' })
  subjectType: 'license' | 'user';

  @PrimaryColumn({ type: 'uuid', name: 'subject_id' })
  subjectId: string;

  @PrimaryColumn({ type: 'uuid', name: 'customer_id' })
  customerId: string;

  @Column({ type: 'timestamptz' })
  until: Date;
}

/** Blocked hardware that a customer had seats on, where events told it that are pruned. */
@Entity({ name: 'blocked_of_customers' })
export class BlockedOfCustomer {
  @PrimaryColumn({ type: 'uuid', name: 'customer_id' })
  customerId: string;

  @PrimaryColumn({ type: 'text', name: 'hardware_id' })
  hardwareId: string;
}
