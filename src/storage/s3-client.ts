import { Client } from "minio";
import { PlatformError } from "../errors.js";
import type { MultipartSizes } from "./s3-multipart.js";
import { boundedTransport } from "./s3-transport.js";

/** Which S3 server and bucket, and how long to wait for it. */
export interface S3StoreOptions {
  /** Such as `https://s3.eu-central-1.amazonaws.com` or `http://127.0.0.1:9000`; the scheme decides about TLS. */
  endpoint: string;
  /** Where clients of signed URLs reach the same server; default `endpoint`. */
  publicEndpoint?: string;
  /** Default `us-east-1`, which servers without regions expect. */
  region?: string;
  /** Created if missing. */
  bucket: string;
  accessKey: string;
  secretKey: string;
  /** Bucket in the path (default) or in the host name. */
  pathStyle?: boolean;
  /** How long the server may be silent in one attempt; default 15,000. */
  timeoutMs?: number;
  /** Attempts per request, the first included; default 3. */
  attempts?: number;
  /** Default: objects above 64 MiB go in parts of 16 MiB or more. */
  multipart?: MultipartSizes;
}

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
