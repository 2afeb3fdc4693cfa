import path from "node:path";
import { operatorKeyFile } from "../auth/operator-key.js";
import type { Config } from "./config.js";

/**
 * What a server that is up tells whoever started it: its URL, and with it the operator key, in the fragment, where the key
 * was generated and a person reads it from a terminal. Logs of containers and services are kept and read by others: there,
 * and where the operator brought a key, it says where the key is.
 *
 * @param terminal whether a person reads it.
 */
export function whereToGo(
  config: Pick<Config, "operatorKey" | "dataDirectory">,
  server: { url: string; operatorKey: string },
  terminal: boolean,
): string {
  if (config.operatorKey !== undefined) return `${server.url} (the operator key is that of PERENNIAL_OPERATOR_KEY)`;
  if (terminal) return `${server.url}/#key=${server.operatorKey}`;
  return `${server.url} (the operator key is in ${path.join(config.dataDirectory, operatorKeyFile)})`;
}
