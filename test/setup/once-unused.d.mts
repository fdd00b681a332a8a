import type { Client } from 'pg';

export declare function onceUnused<T>(work: () => Promise<T>, tries: number): Promise<T>;
export declare function dropDatabase(admin: Client, name: string): Promise<unknown>;
