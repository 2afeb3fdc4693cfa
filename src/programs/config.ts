import os from "node:os";
import path from "node:path";
import { usableKey } from "../auth/operator-key.js";
import { PlatformError } from "../errors.js";
import { servedVersionLimits } from "../serving/limits.js";
import { bucketUrl, databaseUrl, directory, endpoint, hosts, listeningHost, origins } from "./config-addresses.js";

/** The settings of every process, all from the environment; `docs/operating.md` has the same list. */
export interface Config {
  /** PERENNIAL_DATA_DIR: keys, the embedded database and the embedded object store. Default `.perennial`. */
  dataDirectory: string;
  /** DATABASE_URL: a Postgres of your own. Without it the embedded one is used. */
  databaseUrl: string | undefined;
  /** PERENNIAL_OPERATOR_KEY: the key that clients send. Default: generated once, in `operator.key` in the data directory. */
  operatorKey: string | undefined;
  /** HOST: address to listen on. Default 127.0.0.1: this machine only. */
  host: string;
  /** PORT: default 4000; 0 takes any free one. */
  port: number;
  /** PERENNIAL_ALLOWED_HOSTS: further `Host` headers to answer, separated by commas: `name`, for any port, or `name:port`. */
  allowedHosts: string[];
  /** PERENNIAL_ALLOWED_ORIGINS: further browser origins to answer, such as `https://app.example.com`, separated by commas. */
  allowedOrigins: string[];
  /** PERENNIAL_S3_URL: `https://access:secret@host:port/bucket?region=…`. Without it files below the data directory. */
  s3: S3Config | undefined;
  /** PERENNIAL_SLOTS: slots of a worker's CPU, of which a run takes one for each thread. Default: one per core. */
  slots: number;
  /**
   * PERENNIAL_DEVICES: which GPUs a worker offers beside its CPU. `auto` (default): NVIDIA's, where CUDA works; `cpu`:
   * none; `webgpu`: the one that WebGPU takes, even where that is software.
   */
  devices: "auto" | "cpu" | "webgpu";
  /**
   * PERENNIAL_EXECUTOR: `compiled` (default); `tensorflow`: TensorFlow's own library, where it is installed; or `eager`:
   * the slow reference that compiled training is checked against.
   */
  executor: "compiled" | "tensorflow" | "eager";
  /**
   * PERENNIAL_LEASE_SECONDS: how long a worker may be silent before its runs go to others, 0.5 to 600; the same on every
   * server and worker. Default 6. It renews at least three times as often.
   */
  leaseSeconds: number;
  /**
   * PERENNIAL_SERVING_MEMORY_MIB: memory that the versions kept loaded for predictions may take together, 64 to 1,048,576.
   * Default 2,048.
   */
  servingMemoryMib: number;
  /** LOG_LEVEL: debug, info, warn, error or silent. Default warn. */
  logLevel: string;
}

export interface S3Config {
  endpoint: string;
  /** PERENNIAL_S3_PUBLIC_URL: where clients reach the same server, for signed URLs. */
  publicEndpoint: string | undefined;
  bucket: string;
  region: string | undefined;
  accessKey: string;
  secretKey: string;
}

/** Bounds of the settings that are numbers. */
export const settingLimits = {
  slots: 256,
  leastLeaseSeconds: 0.5,
  mostLeaseSeconds: 600,
  leastServingMemoryMib: 64,
  mostServingMemoryMib: 2 ** 20,
} as const;

/** @throws PlatformError BAD_INPUT naming the variable that is wrong. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  return {
    dataDirectory: path.resolve(directory(env, "PERENNIAL_DATA_DIR", ".perennial")),
    databaseUrl: databaseUrl(env, "DATABASE_URL"),
    operatorKey: operatorKey(env),
    host: listeningHost(env, "HOST", "127.0.0.1"),
    port: integer(env, "PORT", 4000, 0, 65_535),
    allowedHosts: hosts(env, "PERENNIAL_ALLOWED_HOSTS"),
    allowedOrigins: origins(env, "PERENNIAL_ALLOWED_ORIGINS"),
    s3: s3Config(env),
    slots: integer(env, "PERENNIAL_SLOTS", os.availableParallelism(), 1, settingLimits.slots),
    devices: oneOf(env, "PERENNIAL_DEVICES", "auto", ["auto", "cpu", "webgpu"]),
    executor: oneOf(env, "PERENNIAL_EXECUTOR", "compiled", ["compiled", "tensorflow", "eager"]),
    leaseSeconds: seconds(
      env,
      "PERENNIAL_LEASE_SECONDS",
      6,
      settingLimits.leastLeaseSeconds,
      settingLimits.mostLeaseSeconds,
    ),
    servingMemoryMib: integer(
      env,
      "PERENNIAL_SERVING_MEMORY_MIB",
      servedVersionLimits.bytes / 2 ** 20,
      settingLimits.leastServingMemoryMib,
      settingLimits.mostServingMemoryMib,
    ),
    logLevel: oneOf(env, "LOG_LEVEL", "warn", ["debug", "info", "warn", "error", "silent"]),
  };
}

function operatorKey(env: NodeJS.ProcessEnv): string | undefined {
  const key = env.PERENNIAL_OPERATOR_KEY;
  if (!key) return undefined;
  if (usableKey.test(key)) return key;
  throw new PlatformError(
    "BAD_INPUT",
    "PERENNIAL_OPERATOR_KEY must have 24 to 512 printable ASCII characters and no blanks",
  );
}

function integer(env: NodeJS.ProcessEnv, name: string, fallback: number, min: number, max: number): number {
  const text = env[name];
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  // `Number` alone takes a blank for 0.
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new PlatformError(
    "BAD_INPUT",
    `${name} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`,
  );
}

function seconds(env: NodeJS.ProcessEnv, name: string, fallback: number, min: number, max: number): number {
  const text = env[name];
  if (!text) return fallback;
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
  throw new PlatformError(
    "BAD_INPUT",
    `${name} must be a number of seconds from ${min} to ${max}, not ${JSON.stringify(text)}`,
  );
}

function oneOf<Choice extends string>(
  env: NodeJS.ProcessEnv,
  name: string,
  fallback: Choice,
  choices: readonly Choice[],
): Choice {
  const value = env[name] || fallback;
  const chosen = choices.find((choice) => choice === value);
  if (chosen) return chosen;
  throw new PlatformError("BAD_INPUT", `${name} must be one of ${choices.join(", ")}, not ${JSON.stringify(value)}`);
}

function s3Config(env: NodeJS.ProcessEnv): S3Config | undefined {
  const store = bucketUrl(env, "PERENNIAL_S3_URL");
  const publicEndpoint = endpoint(env, "PERENNIAL_S3_PUBLIC_URL");
  if (store) return { ...store, publicEndpoint };
  if (publicEndpoint)
    throw new PlatformError("BAD_INPUT", "PERENNIAL_S3_PUBLIC_URL needs PERENNIAL_S3_URL: set both or none");
  return undefined;
}
