export declare function withDatabase(url: string, database: string): string;
