// Writes the digest of each image beside its tag, in compose.yaml and the Dockerfiles: what is pulled is then what was tried,
// whatever becomes of the tag. Where a tag has moved since, run it again to take the new image.
//
//   node docker/pin.mjs [--registry URL] [FILE…]
//
// --registry: the registry or mirror to ask for all images. Needed where an image's name says none.
// A registry that wants more than an anonymous token: an Authorization header in PERENNIAL_REGISTRY_AUTHORIZATION, sent to
// what --registry names alone.
// All digests are found before a file is changed: exit code 0, or 1 with the reason and nothing changed.
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const timeoutMs = 20_000;
/** An index of images for several processors first: one digest for all of them. */
const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** `FROM name:tag` and `image: name:tag`, with the digest that may be there already. */
const reference =
  /^(\s*(?:image:\s*|FROM\s+(?:--platform=\S+\s+)?)["']?)([\w./:-]+?):([\w.-]+)(?:@(sha256:[0-9a-f]{64}))?(?=["'\s]|$)/gm;

/** Where an image is, by Docker's rules: the first part is a host where it looks like one; short names are `library/` names. */
function locate(name, registry) {
  const [first, ...rest] = name.split("/");
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const repository = hasHost ? rest.join("/") : rest.length > 0 ? name : `library/${name}`;
  const base = registry ?? (hasHost ? `https://${first}` : undefined);
  if (!base) throw new Error(`the name ${name} says no registry: name one with --registry`);
  return { base: base.replace(/\/+$/, ""), repository };
}

async function request(url, headers) {
  try {
    return await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const reason = error.cause?.code ?? error.cause?.message ?? error.message;
    throw new Error(`${new URL(url).origin} cannot be reached (${reason})`);
  }
}

/** A token for reading one repository, from where the registry says that it is given. */
async function tokenFrom(challenge, repository) {
  const parameters = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  );
  if (!/^bearer /i.test(challenge) || !parameters.realm)
    throw new Error(`${repository} needs a login: ${challenge || "no way is named"}`);
  const url = new URL(parameters.realm);
  if (parameters.service) url.searchParams.set("service", parameters.service);
  url.searchParams.set("scope", parameters.scope ?? `repository:${repository}:pull`);
  const answer = await request(url, {});
  const { token, access_token } = answer.ok ? await answer.json() : {};
  if (!(token ?? access_token)) throw new Error(`${url.origin} gives no token for ${repository} (${answer.status})`);
  return token ?? access_token;
}

/** The digest of what a tag names now. */
async function digestOf(name, tag, registry) {
  const { base, repository } = locate(name, registry);
  const url = `${base}/v2/${repository}/manifests/${tag}`;
  const given = registry && process.env.PERENNIAL_REGISTRY_AUTHORIZATION;
  const headers = { accept: manifestTypes.join(", "), ...(given && { authorization: given }) };
  let answer = await request(url, headers);
  if (answer.status === 401 && !given) {
    const token = await tokenFrom(answer.headers.get("www-authenticate") ?? "", repository);
    answer = await request(url, { ...headers, authorization: `Bearer ${token}` });
  }
  if (answer.status === 404) throw new Error(`${base} has no ${repository}:${tag}`);
  if (!answer.ok) throw new Error(`${base} answers ${answer.status} for ${repository}:${tag}`);
  const digest = `sha256:${createHash("sha256")
    .update(Buffer.from(await answer.arrayBuffer()))
    .digest("hex")}`;
  const told = answer.headers.get("docker-content-digest");
  // A proxy may answer with a login page instead of a manifest.
  if (told !== null && told !== digest)
    throw new Error(`${base} says that ${repository}:${tag} is ${told}, and sends ${digest}`);
  if (told === null && !manifestTypes.includes(answer.headers.get("content-type")?.split(";")[0] ?? ""))
    throw new Error(`${base} answers with no manifest for ${repository}:${tag}`);
  return digest;
}

async function pin(paths, registry) {
  const files = paths.map((path) => ({ path, text: readFileSync(path, "utf8") }));
  const digests = new Map();
  for (const { text } of files)
    for (const [, , name, tag] of text.matchAll(reference))
      if (!digests.has(`${name}:${tag}`)) digests.set(`${name}:${tag}`, await digestOf(name, tag, registry));
  if (digests.size === 0) throw new Error("no image with a tag is in these files");
  for (const { path, text } of files) {
    const pinned = text.replace(
      reference,
      (_, before, name, tag) => `${before}${name}:${tag}@${digests.get(`${name}:${tag}`)}`,
    );
    if (pinned === text) continue;
    writeFileSync(`${path}.new`, pinned);
    renameSync(`${path}.new`, path);
  }
  return digests;
}

try {
  const { values, positionals } = parseArgs({ options: { registry: { type: "string" } }, allowPositionals: true });
  const beside = (name) => fileURLToPath(new URL(name, import.meta.url));
  const files = positionals.length > 0 ? positionals : ["compose.yaml", "Dockerfile", "Dockerfile.gpu"].map(beside);
  for (const [image, digest] of await pin(files, values.registry)) console.log(`${image}@${digest}`);
} catch (error) {
  console.error(`docker/pin.mjs: ${error.message}. Nothing was changed.`);
  process.exitCode = 1;
}
