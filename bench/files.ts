import { hash } from 'node:crypto';

/** The files that are downloaded, under the names that a plain server has for them. */
export const MEBIBYTE = 1024 ** 2;
export const SMALL_FILES = 100;
export const LARGE_FILE = 'bench-large';
export const LARGE_FILE_BYTES = 1024 ** 3;

export const fileName = (number: number): string => `bench-small-${number}`;

/** In the form that the service's own tokens have. */
export const fileToken = (name: string): string => hash('sha256', `token of ${name}`, 'base64url');
