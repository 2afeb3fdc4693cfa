import { Client } from "minio";
import { PlatformError } from "../errors.js";
import type { S3StoreOptions } from "./s3-store.js";
import { boundedTransport } from "./s3-transport.js";

/**
 * A client for one address of the server, which retries nothing by itself, and the address without credentials.
 * @param field the option that the address comes from, for the message when it is wrong.
 */
export function connect(options: S3StoreOptions, field: string, endpoint: string): { client: Client; origin: string } {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search !== "") {
    throw new PlatformError("BAD_INPUT", `${field}: give the S3 server as http://host:port or https://host:port.`);
  }
  for (const required of ["bucket", "accessKey", "secretKey"] as const) {
    if (!options[required]) throw new PlatformError("BAD_INPUT", `${required}: the S3 store needs one.`);
  }
  const useSSL = url.protocol === "https:";
  try {
    const client = new Client({
      endPoint: url.hostname.replace(/^\[|\]$/g, ""),
      ...(url.port === "" ? {} : { port: Number(url.port) }),
      useSSL,
      accessKey: options.accessKey,
      secretKey: options.secretKey,
      region: options.region ?? "us-east-1",
      pathStyle: options.pathStyle ?? true,
      transport: boundedTransport(useSSL, options.timeoutMs ?? 15_000),
      retryOptions: { disableRetry: true },
    });
    return { client, origin: url.origin };
  } catch (error) {
    throw new PlatformError(
      "BAD_INPUT",
      `${field}: ${error instanceof Error ? error.message : error}`,
      {},
      { cause: error },
    );
  }
}
