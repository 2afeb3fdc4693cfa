import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HttpServer } from "../../src/transport/http.js";
import { key, startToyServer } from "./toy-server.js";

let server: HttpServer;
let page: Response;
let html: string;
beforeAll(async () => {
  server = await startToyServer();
  page = await fetch(server.url);
  html = await page.text();
});
afterAll(() => server.close());

describe("the page at /", () => {
  it("is GraphiQL under our name, with a first query, and without the key", () => {
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(html).toContain("<title>Perennial</title>");
    expect(html).toContain("query Models {");
    expect(html).not.toContain(key);
  });

  it("loads nothing from anywhere", () => {
    const markup = html.replace(/<script>[\s\S]*?<\/script>/g, "").replace(/<style>[\s\S]*?<\/style>/g, "");
    expect(markup).not.toMatch(/(src|href)="(?!data:)/);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/https?:|unsafe-eval|script-src[^;]*unsafe/);
  });

  it("may run its own two scripts and no other", () => {
    const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text = ""]) => text);
    const hashes = scripts.map((text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`);
    expect(hashes).toHaveLength(2);
    expect(page.headers.get("content-security-policy")).toContain(`script-src ${hashes.join(" ")};`);
    expect(scripts[0]).toContain("operatorKey");
  });

  it("is sent compressed, and not again to a browser that has it", async () => {
    const etag = page.headers.get("etag") ?? "";
    expect(page.headers.get("content-encoding")).toBe("gzip");
    const again = await fetch(server.url, { headers: { "if-none-match": etag } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    const plain = await fetch(server.url, { headers: { "accept-encoding": "identity" } });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(await plain.text()).toBe(html);
  });
});
