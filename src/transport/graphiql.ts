import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import type { RequestHandler } from "express";
import { keyFormScript } from "./graphiql-key-form.js";

/** Lines of at most 36 characters: the editor shows this many beside the open documentation. */
const defaultQuery = `# Perennial trains, versions and
# serves models that you declare.
#
# declare  data, models, policies
# train    and watch it live
# promote  a version, and predict
# append   rows, and the model
#          improves by itself
#
# On the left is the schema, which is
# the documentation. Ctrl-Enter runs,
# Ctrl-Space suggests.

query Models {
  models {
    nodes {
      name
    }
  }
}
`;

const sprout =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M16 29V15" stroke="#2f855a" stroke-width="3" stroke-linecap="round" fill="none"/><path d="M16 17C16 9 10 6 3 6c0 8 5 12 13 11Z" fill="#38a169"/><path d="M16 14c0-7 5-10 13-11 0 8-5 12-13 11Z" fill="#68d391"/></svg>';

/** The page, ready to send. */
interface Page {
  html: Buffer;
  gzipped: Buffer;
  etag: string;
  contentSecurityPolicy: string;
}

/**
 * `GET /`: GraphiQL in one page that loads nothing from anywhere and holds no data. It takes the operator key from the
 * URL's fragment, which browsers do not send, or asks for it.
 */
export function graphiqlRoute(): RequestHandler {
  let page: Promise<Page> | undefined;
  return async (request, response) => {
    page ??= renderPage();
    const { html, gzipped, etag, contentSecurityPolicy } = await page;
    response.set({
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": contentSecurityPolicy,
      "Cache-Control": "no-cache",
      ETag: etag,
      Vary: "Accept-Encoding, Origin",
    });
    if (request.headers["if-none-match"] === etag) {
      response.status(304).end();
      return;
    }
    const compressed = request.acceptsEncodings("gzip", "identity") === "gzip";
    if (compressed) response.set("Content-Encoding", "gzip");
    response.end(compressed ? gzipped : html);
  };
}

async function renderPage(): Promise<Page> {
  // The package is 9 MB of text: it is loaded when the page is first requested.
  const { renderGraphiQL } = await import("@graphql-yoga/render-graphiql");
  const options = {
    title: "Perennial",
    logo: sprout,
    favicon: `data:image/svg+xml,${encodeURIComponent(sprout)}`,
    endpoint: "/graphql",
    method: "POST" as const,
    subscriptionsProtocol: "GRAPHQL_SSE" as const,
    shouldPersistHeaders: false,
    defaultQuery,
  };
  const script = keyFormScript;
  const text = renderGraphiQL(options)
    .trim()
    .replace("<head>", () => `<head><script>${script}</script>`);
  const html = Buffer.from(text);
  return {
    html,
    gzipped: await promisify(gzip)(html, { level: constants.Z_DEFAULT_COMPRESSION }),
    etag: `"${sha256(text, "base64url")}"`,
    contentSecurityPolicy: policyFor(text),
  };
}

/**
 * Only the page's own scripts run, named by their hashes, and they can reach only this server. Styles stay open because
 * the editor writes its own; its workers are blobs made by the page.
 */
function policyFor(html: string): string {
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text = ""]) => sha256(text, "base64"));
  return [
    "default-src 'none'",
    `script-src ${scripts.map((hash) => `'sha256-${hash}'`).join(" ")}`,
    "style-src 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src data:",
    "worker-src blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

function sha256(text: string, encoding: "base64" | "base64url"): string {
  return createHash("sha256").update(text).digest(encoding);
}
