import { openDatabase } from "../../src/db/database.js";
import { type Api, openApi } from "../graphql/api.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { postgresStatements, startTcpProxy, type TcpProxy, throughProxy } from "../support/tcp-proxy.js";
import { openWorkbench, type Workbench } from "../support/workbench.js";

/** A database of the caller's own, once through a proxy and once directly. */
export interface ProxiedDatabase {
  proxied: TestDatabase;
  /** What nothing is done to. */
  direct: TestDatabase;
  proxy: TcpProxy;
}

/** @param statementMs how long a statement may take through the proxy. */
export async function openProxiedDatabase(statementMs?: number): Promise<ProxiedDatabase> {
  const direct = await testDatabase();
  const proxy = await startTcpProxy({ port: Number(new URL(direct.url).port) }, postgresStatements);
  const url = throughProxy(direct.url, proxy);
  const db = await openDatabase({ url, statementMs });
  const close = async () => {
    await db.destroy();
    await proxy.close();
    await direct.close();
  };
  return { proxied: { db, url, close }, direct, proxy };
}

/** The API over a database behind a proxy. */
export async function openApiThroughProxy(): Promise<{ api: Api; proxy: TcpProxy }> {
  const { proxied, proxy } = await openProxiedDatabase();
  return { api: await openApi(proxied), proxy };
}

/** A workbench whose processes reach Postgres through a proxy. */
export async function openWorkbenchThroughProxy(
  statementMs?: number,
): Promise<{ bench: Workbench; proxy: TcpProxy; direct: TestDatabase }> {
  const { proxied, ...rest } = await openProxiedDatabase(statementMs);
  return { bench: await openWorkbench(proxied), ...rest };
}
