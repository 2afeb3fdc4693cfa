/** Migrated once per run; nobody may be connected to it while it is copied. */
export const templateDatabase = "perennial_template";

/** The URL of another database in the same cluster. */
export function urlOf(clusterUrl: string, database: string): string {
  const url = new URL(clusterUrl);
  url.pathname = `/${database}`;
  return url.href;
}
