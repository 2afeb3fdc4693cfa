import { isIP } from "node:net";
import { PlatformError } from "../errors.js";

/**
 * Addresses in settings. URL parsers take almost any text for something: `localhost:3000` for a URL of the scheme
 * `localhost`, and a password with a `#` for a host and a fragment. So each setting is checked for the one form that means
 * what its user meant. Values that can hold a password are not repeated in messages.
 */

/** @throws PlatformError BAD_INPUT naming the variable, what it must be and, unless `secret`, the value. */
function refuse(name: string, mustBe: string, value: string | undefined): never {
  const shown = value === undefined ? "" : `, not ${JSON.stringify(value)}`;
  throw new PlatformError("BAD_INPUT", `${name} must be ${mustBe}${shown}`);
}

/** A URL that is nothing but scheme, host and port; undefined for any other text. */
function originOf(text: string): string | undefined {
  const url = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url?.pathname !== "/" || /[?#@*\\]/.test(text)) return undefined;
  return url.origin;
}

const entries = (text: string | undefined): string[] =>
  (text ?? "")
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");

/** Web origins, separated by commas, as browsers write them: lower case, without the default port. */
export function origins(env: NodeJS.ProcessEnv, name: string): string[] {
  return entries(env[name]).map(
    (entry) => originOf(entry) ?? refuse(name, "origins such as https://app.example.com, separated by commas", entry),
  );
}

/** Names for the `Host` header, separated by commas, as clients write them: `name`, which means any port, or `name:port`. */
export function hosts(env: NodeJS.ProcessEnv, name: string): string[] {
  return entries(env[name]).map((entry) => {
    const [, port] = /:(\d+)$/.exec(entry) ?? [];
    const origin = /[/\\*]/.test(entry) ? undefined : originOf(`http://${entry}`);
    if (!origin || port === "0")
      refuse(name, "host names such as models.example.com or models.example.com:8443, separated by commas", entry);
    // The parser leaves out 80 and leading zeros.
    return new URL(origin).hostname + (port === undefined ? "" : `:${Number(port)}`);
  });
}

/** The address to listen on. */
export function listeningHost(env: NodeJS.ProcessEnv, name: string, fallback: string): string {
  const host = env[name] || fallback;
  if (isIP(host) || /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(host)) return host;
  return refuse(name, "an IP address or a host name, without scheme, port or brackets", host);
}

/** Where a server is reached over HTTP: scheme, host and port. */
export function endpoint(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const text = env[name];
  if (!text) return undefined;
  const value = text.includes("@") ? undefined : text;
  return originOf(text) ?? refuse(name, "http(s)://<host>, with a port if need be and nothing else", value);
}

/** A Postgres connection string. */
export function databaseUrl(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const text = env[name];
  if (!text) return undefined;
  // A socket's directory, which the driver takes as well.
  if (/^(\/|socket:)/.test(text)) return text;
  const isScheme = /^postgres(ql)?:\/\//i.test(text);
  // An empty host stands for a socket that a parameter names.
  const url = isScheme ? (parsed(text) ?? parsed(text.replace("@/", "@localhost/"))) : undefined;
  const isMeant = url && url.hash === "" && !/^\/[^/]*[/@]/.test(url.pathname) && isDecodable(text);
  if (isMeant) return text;
  return refuse(
    name,
    "postgres://<user>:<password>@<host>:<port>/<database>, with # / ? @ % in a password as %XX",
    undefined,
  );
}

/** `https://access:secret@host:port/bucket?region=…` in its parts. */
export function bucketUrl(env: NodeJS.ProcessEnv, name: string) {
  const text = env[name];
  if (!text) return undefined;
  const url = parsed(text);
  const bucket = url?.pathname.replace(/^\/|\/$/g, "");
  const isMeant =
    url &&
    /^https?:\/\//i.test(text) &&
    ![...url.searchParams.keys()].some((parameter) => parameter !== "region") &&
    url.hash === "" &&
    isDecodable(url.username + url.password);
  if (!isMeant || !bucket || !/^[\w.-]+$/.test(bucket) || !url.username || !url.password)
    return refuse(name, "http(s)://<access key>:<secret key>@<host>/<bucket>, with ?region=… if need be", undefined);
  return {
    endpoint: url.origin,
    bucket,
    region: url.searchParams.get("region") || undefined,
    accessKey: decodeURIComponent(url.username),
    secretKey: decodeURIComponent(url.password),
  };
}

/** A folder. Shells replace `~`; files of variables, as Docker and systemd read them, do not. */
export function directory(env: NodeJS.ProcessEnv, name: string, fallback: string): string {
  const text = env[name] || fallback;
  if (text.trim() === "" || text.startsWith("~") || /^[a-z][a-z0-9+.-]+:\/\//i.test(text) || text.includes("\0"))
    return refuse(name, "a path, without ~ and without scheme", text);
  return text;
}

const parsed = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);

function isDecodable(text: string): boolean {
  return !/%(?![0-9a-f]{2})/i.test(text) && !throws(() => decodeURIComponent(text));
}

function throws(act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch {
    return true;
  }
}
