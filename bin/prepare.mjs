// Installs and builds what is missing, so that a fresh clone needs one command. Plain JavaScript without dependencies:
// it runs before there are any.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
process.chdir(root);

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Perennial needs Node 20.19 or newer; this is ${process.version}.`);
  process.exit(1);
}

/** A step is done when its stamp holds the digest of what went into it. */
function upToDate(stamp, digest) {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === digest;
}

function digestOf(files) {
  const hash = createHash("sha256").update(process.versions.modules);
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(file));
  return hash.digest("hex");
}

function filesBelow(directory) {
  return readdirSync(directory).flatMap((name) => {
    const file = path.join(directory, name);
    return statSync(file).isDirectory() ? filesBelow(file) : [file];
  });
}

function run(what, command, args) {
  console.error(what);
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
  if (error) console.error(String(error.message));
  if (status !== 0) process.exit(status ?? 1);
}

const installed = digestOf(["package.json", "package-lock.json"]);
const installStamp = "node_modules/.perennial-installed";
if (!upToDate(installStamp, installed)) {
  run("Installing dependencies (npm ci) …", "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(installStamp, installed);
}

const sources = digestOf(["package-lock.json", "tsconfig.json", ...filesBelow("src").sort()]);
const buildStamp = "dist/.perennial-built";
if (!upToDate(buildStamp, sources)) {
  // A file whose source was moved or deleted must not stay behind.
  rmSync("dist", { recursive: true, force: true });
  run("Building …", process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"]);
  writeFileSync(buildStamp, sources);
}
