import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("../../docker/pin.mjs", import.meta.url));
const installed = fileURLToPath(new URL("../../docker/", import.meta.url));

let folder: string;
let registry: Server;
let url: string;
/** What the registry was asked, and how it answers. */
let asked: string[];
let manifests: Record<string, string>;
let login: boolean;
let lies: boolean;

const digestOf = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "perennial-pin-"));
  for (const name of ["compose.yaml", "Dockerfile", "Dockerfile.gpu"])
    await cp(join(installed, name), join(folder, name));
  asked = [];
  manifests = {};
  login = true;
  lies = false;
  // As the specification of the registry's HTTP API, version 2, has it: a token is asked for after a 401.
  registry = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", url);
    asked.push(`${pathname}${searchParams.size > 0 ? `?${searchParams}` : ""}`);
    const scope = searchParams.get("scope");
    if (pathname === "/token") return void response.end(JSON.stringify({ token: `for ${scope}` }));
    const [, repository = "", tag = ""] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(pathname) ?? [];
    const needed = `repository:${repository}:pull`;
    if (login && request.headers.authorization !== `Bearer for ${needed}`) {
      response.setHeader("www-authenticate", `Bearer realm="${url}/token",service="a registry",scope="${needed}"`);
      return void response.writeHead(401).end();
    }
    const body = manifests[`${repository}:${tag}`];
    if (body === undefined) return void response.writeHead(404).end();
    expect(request.headers.accept).toContain("application/vnd.oci.image.index.v1+json");
    response.setHeader("content-type", "application/vnd.oci.image.index.v1+json");
    response.setHeader("docker-content-digest", digestOf(lies ? "something else" : body));
    response.end(body);
  });
  await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
});
afterEach(async () => {
  registry.closeAllConnections();
  registry.close();
  await rm(folder, { recursive: true, force: true });
});

const files = ["compose.yaml", "Dockerfile", "Dockerfile.gpu"];
const texts = () => Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));

function pin(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const args = [script, ...words, ...files.map((name) => join(folder, name))];
    const child = execFile(process.execPath, args, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

/** Every image that the files name has a manifest, whose bytes tell it from the others. */
async function publish(version = 1): Promise<string[]> {
  const names = (await texts()).flatMap((text) =>
    [...text.matchAll(/^\s*(?:image:|FROM) (\S+?)(?:@\S+)?(?: AS \w+)?$/gm)].map(([, name]) => name as string),
  );
  for (const name of names) {
    const repository = name.includes("/") ? name : `library/${name}`;
    manifests[repository] = JSON.stringify({ schemaVersion: 2, of: name, version });
  }
  return [...new Set(names)];
}

describe("docker/pin.mjs", () => {
  it("writes the digest of every image behind its tag, and of a moved tag the new one", async () => {
    const before = await texts();
    const names = await publish();
    expect(names).toHaveLength(4);
    for (const version of [1, 2]) {
      await publish(version);
      expect(await pin("--registry", url)).toMatchObject({ code: 0, err: "" });
      const after = await texts();
      for (const name of names) {
        const digest = digestOf(manifests[name.includes("/") ? name : `library/${name}`] as string);
        const count = (all: string[], text: string) => all.join("\n").split(text).length - 1;
        expect(count(after, `${name}@${digest}`), name).toBe(count(before, `${name} `) + count(before, `${name}\n`));
      }
      // Nothing but digests was added.
      expect(after.map((text) => text.replaceAll(/@sha256:[0-9a-f]{64}/g, ""))).toEqual(before);
    }
    // One token and one manifest for each image, however often it is named.
    expect(asked.filter((path) => path.startsWith("/token"))).toHaveLength(2 * names.length);
    expect(asked).toContain("/token?service=a+registry&scope=repository%3Alibrary%2Fpostgres%3Apull");
  });

  it("asks a registry without a login directly, and one that an image's name says", async () => {
    login = false;
    const { host } = new URL(url);
    manifests["team/trainer:1.2.3"] = "{}";
    const file = join(folder, "Dockerfile");
    for (const name of files) await writeFile(join(folder, name), "# nothing\n");
    await writeFile(
      file,
      `FROM --platform=linux/amd64 ${host}/team/trainer:1.2.3 AS build\nFROM build\nRUN echo image: a:1\n`,
    );
    expect((await pin("--registry", url)).code).toBe(0);
    expect(await readFile(file, "utf8")).toBe(
      `FROM --platform=linux/amd64 ${host}/team/trainer:1.2.3@${digestOf("{}")} AS build\nFROM build\nRUN echo image: a:1\n`,
    );
    expect(asked).toEqual(["/v2/team/trainer/manifests/1.2.3"]);
  });

  it("asks for a registry where a name says none", async () => {
    await publish();
    const before = await texts();
    const { code, err } = await pin();
    expect(code).toBe(1);
    expect(err.trim()).toMatch(/says no registry: name one with --registry\. Nothing was changed\.$/);
    expect(await texts()).toEqual(before);
  });

  it.each([
    [
      "a tag that is not there",
      () => delete manifests["library/postgres:18.4-bookworm"],
      /has no library\/postgres:18\.4-bookworm\. Nothing was changed\.$/,
    ],
    [
      "bytes of another digest",
      () => {
        lies = true;
      },
      /says that .* is sha256:.*, and sends sha256:.*Nothing was changed\.$/,
    ],
    ["no registry", () => registry.close(), /cannot be reached \(ECONNREFUSED\)\. Nothing was changed\.$/],
  ])("changes nothing and says why where there is %s", async (_, spoil, message) => {
    await publish();
    const before = await texts();
    spoil();
    const { code, err } = await pin("--registry", url);
    expect(code).toBe(1);
    expect(err.trim()).toMatch(message);
    expect(await texts()).toEqual(before);
  });
});
