import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { getIntrospectionQuery } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HttpServer } from "../../src/transport/http.js";
import { authorization, eventually, key, type Observed, post, startToyServer } from "./toy-server.js";

let server: HttpServer & { observed: Observed };
beforeAll(async () => {
  server = await startToyServer({ allowedHosts: ["models.example.com"], allowedOrigins: ["https://app.example.com"] });
});
afterAll(() => server.close());

/** A request whose every header is ours; `fetch` would not let us choose `Host`. */
function raw(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string; port?: number } = {},
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    const { method = "GET", headers, body } = options;
    const request = httpRequest({
      host: "127.0.0.1",
      port: options.port ?? server.port,
      path,
      method,
      headers,
      agent: false,
    });
    request.on("error", reject);
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    request.end(body);
  });
}

describe("the operator key over HTTP", () => {
  const refused: [string, string, Record<string, string>][] = [
    ["no key", "/graphql", {}],
    ["a wrong key", "/graphql", { authorization: `Bearer ${key}x` }],
    ["an empty key", "/graphql", { authorization: "Bearer " }],
    ["another scheme", "/graphql", { authorization: `Basic ${key}` }],
    ["no key at the event stream", "/graphql/stream", {}],
    ["no key at an unknown path", "/nowhere", {}],
  ];
  it.each(refused)("answers 401 to %s", async (_name, path, headers) => {
    const response = await fetch(server.url + path, { method: "POST", headers, body: "{}" });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    const body = (await response.json()) as { errors: { extensions: unknown }[] };
    expect(body.errors[0]?.extensions).toEqual({ code: "UNAUTHENTICATED" });
  });

  it("opens queries", async () => {
    const { status, body } = await post(server.url, { query: "{ transport }" });
    expect([status, body]).toEqual([200, { data: { transport: "http" } }]);
  });

  it("is not needed for the page and for health", async () => {
    for (const path of ["/", "/health/live", "/health/ready"]) {
      expect((await fetch(server.url + path)).status).toBe(200);
    }
  });

  it("answers 404 in JSON to unknown paths once the key is right", async () => {
    const response = await fetch(`${server.url}/nowhere`, { headers: { authorization } });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "NOT_FOUND" } }] });
  });
});

describe("foreign hosts and origins over HTTP", () => {
  const hosts: [string, number][] = [
    ["127.0.0.1:PORT", 200],
    ["localhost:PORT", 200],
    ["LOCALHOST:PORT", 200],
    ["[::1]:PORT", 200],
    ["models.example.com", 200],
    ["models.example.com:8443", 200],
    ["evil.example.com", 403],
    ["evil.example.com:PORT", 403],
    ["localhost:1", 403],
    ["localhost", 403],
    ["127.0.0.1.evil.example.com:PORT", 403],
    ["models.example.com.evil.example.com", 403],
  ];
  it.each(hosts)("answers a request with Host %j by %d", async (host, status) => {
    const response = await raw("/health/live", { headers: { host: host.replace("PORT", String(server.port)) } });
    expect(response.status).toBe(status);
  });

  const origins: [string, number][] = [
    ["http://127.0.0.1:PORT", 200],
    ["http://localhost:PORT", 200],
    ["https://app.example.com", 200],
    ["http://app.example.com", 403],
    ["http://localhost:1", 403],
    ["http://evil.example.com", 403],
    ["null", 403],
  ];
  it.each(origins)("answers a query with Origin %j by %d", async (origin, status) => {
    const own = origin.replace("PORT", String(server.port));
    const response = await raw("/graphql", {
      method: "POST",
      headers: { authorization, "content-type": "application/json", origin: own },
      body: JSON.stringify({ query: "{ transport }" }),
    });
    expect(response.status).toBe(status);
    expect(response.headers["access-control-allow-origin"]).toBe(status === 200 ? own : undefined);
  });

  it("refuses a request without a Host", async () => {
    const socket = connect(server.port, "127.0.0.1").setEncoding("utf8");
    socket.end("GET /health/live HTTP/1.0\r\n\r\n");
    const [answer] = await once(socket, "data");
    expect(answer).toMatch(/^HTTP\/1.1 403 /);
  });

  it("accepts the page's own origin under an allowed host", async () => {
    const headers = { host: "models.example.com", origin: "https://models.example.com" };
    expect((await raw("/health/live", { headers })).status).toBe(200);
  });

  it("refuses them on every route, the event stream and downloads included", async () => {
    for (const path of [
      "/",
      "/graphql",
      "/graphql/stream",
      "/health/ready",
      "/artifacts/weights.safetensors?sig=good",
    ]) {
      const response = await raw(path, { headers: { host: "evil.example.com", authorization } });
      expect([path, response.status]).toEqual([path, 403]);
      expect(JSON.parse(response.body).errors[0].extensions.code).toBe("FORBIDDEN");
    }
  });

  it("answers the preflight of an allowed origin without a key, and of no other", async () => {
    const headers = { "access-control-request-method": "POST", origin: "https://app.example.com" };
    expect((await raw("/graphql", { method: "OPTIONS", headers })).status).toBe(204);
    expect(
      (await raw("/graphql", { method: "OPTIONS", headers: { ...headers, origin: "https://x.org" } })).status,
    ).toBe(403);
    expect((await raw("/graphql", { method: "OPTIONS" })).status).toBe(401);
  });
});

describe("bodies", () => {
  const query = "query ($text: String!) { length(text: $text) }";
  const mebibyte = 1024 * 1024;

  it("are taken up to 16 MiB", async () => {
    const empty = JSON.stringify({ query, variables: { text: "" } }).length;
    const text = "x".repeat(16 * mebibyte - empty);
    expect((await post(server.url, { query, variables: { text } })).body).toEqual({ data: { length: text.length } });
    const more = await post(server.url, { query, variables: { text: `${text}x` } });
    expect(more.status).toBe(413);
    expect(more.body.errors[0].extensions.code).toBe("LIMIT_EXCEEDED");
  });

  const malformed: [string, string, Record<string, string>][] = [
    ["broken JSON", '{"query": ', {}],
    ["a bare string", '"{ transport }"', {}],
    ["nothing", "", {}],
    ["no query", "{}", {}],
    ["another content type", "query=1", { "content-type": "application/x-www-form-urlencoded" }],
    ["a query that is no string", '{"query": 5}', {}],
  ];
  it.each(malformed)("with %s are answered with 400 in JSON", async (_name, body, headers) => {
    const answer = await post(server.url, body, headers);
    expect(answer.status).toBe(400);
    expect(answer.body.errors[0].extensions.code).toBe("BAD_REQUEST");
    expect(answer.headers.get("content-type")).toContain("json");
  });

  it("with an unknown charset are answered with 415 in JSON", async () => {
    const answer = await post(server.url, "{}", { "content-type": "application/json; charset=klingon" });
    expect([answer.status, answer.body.errors[0].extensions.code]).toEqual([415, "BAD_REQUEST"]);
  });
});

describe("what GraphQL refuses over HTTP", () => {
  const nested = (depth: number) =>
    `{ ${"node { child { ".slice(0, 7)}${"child { ".repeat(depth - 2)}name${" }".repeat(depth - 1)} }`;
  const laughs = Array.from({ length: 8 }, (_, i) => `fragment f${i} on Node { ${`...f${i + 1} `.repeat(10)} }`).join(
    " ",
  );
  const refused: [string, object, string][] = [
    ["a syntax error", { query: "{" }, "GRAPHQL_PARSE_FAILED"],
    ["an unknown field", { query: "{ nothing }" }, "GRAPHQL_VALIDATION_FAILED"],
    ["16 levels", { query: nested(16) }, "LIMIT_EXCEEDED"],
    [
      "fragments that multiply",
      { query: `{ node { ...f0 } } ${laughs} fragment f8 on Node { name }` },
      "LIMIT_EXCEEDED",
    ],
    [
      "10,001 aliases",
      { query: `{ ${Array.from({ length: 5001 }, (_, i) => `a${i}: hello`).join(" ")} }` },
      "GRAPHQL_PARSE_FAILED",
    ],
    [
      "a variable of the wrong type",
      { query: "query ($t: String!) { length(text: $t) }", variables: { t: 5 } },
      "BAD_USER_INPUT",
    ],
    ["a missing variable", { query: "query ($t: String!) { length(text: $t) }" }, "BAD_USER_INPUT"],
    ["an unknown operation", { query: "query A { transport }", operationName: "B" }, "OPERATION_RESOLUTION_FAILURE"],
    ["a subscription", { query: "subscription { quiet }" }, "BAD_REQUEST"],
  ];
  it.each(refused)("%s", async (_name, operation, code) => {
    const { status, body } = await post(server.url, operation);
    expect([status, body.errors[0].extensions.code]).toEqual([400, code]);
    expect(body.errors[0].extensions.stacktrace).toBeUndefined();
  });

  it("not 15 levels, and not introspection, which is the documentation", async () => {
    expect((await post(server.url, { query: nested(15) })).body.errors).toBeUndefined();
    const options = { schemaDescription: true, inputValueDeprecation: true, oneOf: true, specifiedByUrl: true };
    expect((await post(server.url, { query: getIntrospectionQuery(options) })).body.errors).toBeUndefined();
  });

  it("fragments that contain themselves", async () => {
    const { status, body } = await post(server.url, {
      query: "{ node { ...a } } fragment a on Node { child { ...a } }",
    });
    expect([status, body.errors[0].message]).toEqual([400, 'Cannot spread fragment "a" within itself.']);
  });
});

describe("errors over HTTP", () => {
  const query = "query ($how: String!) { fail(how: $how) }";

  it("of the platform show their code, message, path and details", async () => {
    const { body } = await post(server.url, { query, variables: { how: "platform" } });
    expect(body.errors).toEqual([
      {
        message: "The run has finished.",
        path: ["fail"],
        locations: [{ line: 1, column: 25 }],
        extensions: { code: "ILLEGAL_TRANSITION", state: "SUCCEEDED" },
      },
    ]);
  });

  it.each(["database", "refused"])("from a lost database (%s) say so and no more", async (how) => {
    const { body } = await post(server.url, { query, variables: { how } });
    expect(body.errors[0].extensions).toEqual({ code: "DATABASE_UNAVAILABLE" });
    expect(JSON.stringify(body)).not.toContain("hunter2");
  });

  it.each(['{ fail(how: "unknown") }', "{ unwritable }"])(
    "that nobody expected are masked and logged: %s",
    async (failing) => {
      const { body } = await post(server.url, { query: failing });
      const { code, id } = body.errors[0].extensions;
      expect(code).toBe("INTERNAL_SERVER_ERROR");
      expect(body.errors[0].message).toContain(id);
      expect(JSON.stringify(body)).not.toContain("hunter2");
      const entry = server.observed.logged.find(({ fields }) => fields.id === id);
      expect(String(entry?.fields.err)).toContain("hunter2");
    },
  );

  it("from the making of a context are masked too", async () => {
    const broken = await startToyServer({ createContext: () => Promise.reject(new Error("password=hunter2")) });
    const { status, body } = await post(broken.url, { query: "{ transport }" });
    await broken.close();
    expect([status, body.errors[0].extensions.code]).toEqual([500, "INTERNAL_SERVER_ERROR"]);
    expect(JSON.stringify(body)).not.toContain("hunter2");
  });
});

describe("health", () => {
  it("is live and ready", async () => {
    expect(await (await fetch(`${server.url}/health/live`)).json()).toEqual({ live: true });
    expect(await (await fetch(`${server.url}/health/ready`)).json()).toEqual({ ready: true, reasons: [] });
  });

  it("is not ready with reasons, or when the check itself fails, and stays live", async () => {
    let state = async () => ({ ready: false, reasons: ["No worker has reported."] });
    const starting = await startToyServer({ readiness: () => state() });
    const response = await fetch(`${starting.url}/health/ready`);
    expect([response.status, await response.json()]).toEqual([503, await state()]);
    state = () => Promise.reject(new Error("password=hunter2"));
    const failing = await fetch(`${starting.url}/health/ready`);
    expect(failing.status).toBe(503);
    expect(await failing.text()).not.toContain("hunter2");
    expect((await fetch(`${starting.url}/health/live`)).status).toBe(200);
    await starting.close();
  });
});

describe("signed artifact URLs", () => {
  it("need only their signature", async () => {
    const response = await fetch(`${server.url}/artifacts/v/1/weights.safetensors?sig=good`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-disposition")).toBe("attachment; filename=weights.safetensors");
    expect(response.headers.get("content-length")).toBe("11");
    expect(await response.text()).toBe("the weights");
  });

  const refused: [string, string, number, string][] = [
    ["an expired one", "/artifacts/weights.safetensors?sig=old", 403, "FORBIDDEN"],
    ["a forged one", "/artifacts/weights.safetensors?sig=bad", 403, "FORBIDDEN"],
    ["an unsigned one", "/artifacts/weights.safetensors", 403, "FORBIDDEN"],
    ["one for nothing", "/artifacts/model.onnx?sig=good", 404, "NOT_FOUND"],
  ];
  it.each(refused)("refuse %s", async (_name, path, status, code) => {
    const response = await fetch(server.url + path);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] });
  });

  it("can be read, not written", async () => {
    const head = await fetch(`${server.url}/artifacts/weights.safetensors?sig=good`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, "11"]);
    const put = await fetch(`${server.url}/artifacts/weights.safetensors?sig=good`, { method: "PUT", body: "x" });
    expect(put.status).toBe(405);
  });
});

describe("the life of the server", () => {
  it("gives its URL, and says which port is taken", async () => {
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    await expect(startToyServer({ port: server.port })).rejects.toThrow(`Port ${server.port} of 127.0.0.1 is taken`);
  });

  it("lets a request in flight finish before it stops, and then refuses connections", async () => {
    const stopping = await startToyServer();
    const slow = post(stopping.url, { query: "{ slow }" });
    await eventually(() => stopping.observed.contexts === 1);
    await Promise.all([stopping.close(), stopping.close()]);
    expect((await slow).body).toEqual({ data: { slow: "done" } });
    await expect(fetch(stopping.url)).rejects.toThrow();
  });

  it("sets security headers on every answer", async () => {
    for (const path of ["/", "/health/live", "/nowhere"]) {
      const { headers } = await fetch(server.url + path);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
      expect(headers.get("x-powered-by")).toBeNull();
    }
  });
});

describe("a client that reads nothing for longer than it may", () => {
  const unreadMs = 300;
  const query = "{ work { texts(count: 20000) { text } } }";
  let strict: Awaited<ReturnType<typeof startToyServer>>;
  beforeAll(async () => {
    strict = await startToyServer({ unreadMs });
  });
  afterAll(() => strict.close());

  /** Sends an operation by hand; answers the socket, paused, and what it has got so far. */
  function ask(operation: string) {
    const body = JSON.stringify({ query: operation });
    const socket = connect(strict.port, "127.0.0.1").pause();
    const got = { text: "", closed: false };
    socket.on("data", (chunk) => {
      got.text += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      got.closed = true;
    });
    const head = [
      "POST /graphql HTTP/1.1",
      `host: 127.0.0.1:${strict.port}`,
      `authorization: ${authorization}`,
      "content-type: application/json",
      `content-length: ${body.length}`,
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
    return { socket, got };
  }
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  it("is cut off, and its answer is gone", async () => {
    const { socket, got } = ask(query);
    await wait(10 * unreadMs);
    socket.resume();
    await eventually(() => got.closed);
    expect(got.text).toContain("HTTP/1.1 200");
    expect(got.text.length).toBeLessThan(15_000_000);
  });

  it("is not one that reads slowly, that waits for its answer, or that has nothing to ask", async () => {
    const slow = ask(query);
    while (slow.got.text.length < 20_000_000 && !slow.got.closed) {
      slow.socket.resume();
      await wait(5);
      slow.socket.pause();
      await wait(50);
    }
    expect(slow.got).toMatchObject({ closed: false, text: expect.stringContaining("xxx") });
    slow.socket.destroy();
    const waiting = ask("{ work { slow } }");
    waiting.socket.resume();
    await eventually(() => waiting.got.text.includes("done"));
    await wait(3 * unreadMs);
    expect(waiting.got.closed).toBe(false);
    waiting.socket.destroy();
  });
});
