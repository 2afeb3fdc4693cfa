import pg from "pg";
import { databaseName, roleName } from "./roles.js";

/** The setting by which a server tells which cluster it serves; `data_directory` itself is for superusers only. */
export const directorySetting = "perennial.data_directory";

/** How to reach an embedded server. */
export interface Login {
  port: number;
  secret: string;
}

/** The connection string of the platform's database; the secret is hexadecimal, so nothing needs escaping. */
export function databaseUrl({ port, secret }: Login): string {
  return `postgres://${roleName}:${secret}@127.0.0.1:${port}/${databaseName}`;
}

async function query(login: Login, statement: string, values: string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port: login.port,
    user: roleName,
    password: login.secret,
    database: databaseName,
    ssl: false,
    connectionTimeoutMillis: 5000,
    query_timeout: 5000,
  });
  // A server that stops reports it to idle connections here; queries report it by their own rejection.
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query(statement, values)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Which server answers on the port: our cluster's, another one, or none that accepts connections (yet). */
export async function probe(login: Login, pgdata: string): Promise<"ours" | "stranger" | "starting"> {
  try {
    const [row] = await query(login, "SELECT current_setting($1, true) AS directory", [directorySetting]);
    return row?.directory === pgdata ? "ours" : "stranger";
  } catch (error) {
    // 28xxx: the password is refused, so it is not a server that was given our secret.
    return String((error as { code?: string }).code).startsWith("28") ? "stranger" : "starting";
  }
}
