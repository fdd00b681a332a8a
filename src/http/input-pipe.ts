import { Readable } from 'node:stream';
import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { isRecord } from './checks.js';
import { fieldsOf } from './dto-field.js';
import { readDto, refuseAll } from './dto-reader.js';

/** The fields of a parsed body or query; a body that is missing or a stream has none. */
export function fieldsIn(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) && !(value instanceof Readable) ? value : {};
}

/**
 * Reads bodies and queries into their DTOs. Nest's own ValidationPipe is not used: class-transformer drops fields named
 * like members of Object, so that they would pass unseen, and copies maps without such keys.
 * A body or query without a DTO may hold nothing. Route parameters and custom arguments are left alone.
 */
@Injectable()
export class InputPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type !== 'body' && type !== 'query') return value;
    const sent = fieldsIn(value);
    if (metatype !== undefined && fieldsOf(metatype).size > 0) return readDto(metatype, sent, type);
    refuseAll(sent);
    return value;
  }
}
