import pg from "pg";

/** Migrated once per run; nobody may be connected to it while it is copied. */
export const templateDatabase = "perennial_template";

/** The URL of another database in the same cluster. */
export function urlOf(clusterUrl: string, database: string): string {
  const url = new URL(clusterUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs one statement over a connection of its own. @param url of an administrator, mostly. */
export async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
