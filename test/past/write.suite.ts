import { readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSchema } from "graphql";
import { expect, test } from "vitest";
import { removeData, startPlatformProcess } from "../e2e/platform-process.js";
import { pack, readCompressed, writeCompressed } from "./archive.js";
import { type Case, systematicCases } from "./corpus.js";
import { mutatedCases } from "./mutations.js";
import { digestOf } from "./resolve.js";
import { tellStory } from "./story.js";

const release = process.env.PERENNIAL_PAST_RELEASE;
if (!release)
  throw new Error("PERENNIAL_PAST_RELEASE is not set: it names the directory to write, below test/past/releases.");
const folder = fileURLToPath(new URL(`releases/${release}/`, import.meta.url));
const sdl = new URL("../../schema/schema.graphql", import.meta.url);

/** Declarations of the releases before, and those of the files that PERENNIAL_PAST_RECORDED names. */
async function recordedCases(): Promise<Case[]> {
  const releases = fileURLToPath(new URL("releases/", import.meta.url));
  const before = await Promise.all(
    readdirSync(releases)
      .filter((name) => name !== release)
      .map((name) => readCompressed(`${releases}${name}/declarations.ndjson.br`)),
  );
  const recorded = process.env.PERENNIAL_PAST_RECORDED;
  const files = recorded ? readdirSync(recorded).map((name) => readFileSync(`${recorded}/${name}`)) : [];
  return [...before, ...files].flatMap((bytes) =>
    bytes
      .toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Case),
  );
}

/** Segments of the write-ahead log that a cluster which was shut down cleanly does not read again: all but the newest in use. */
async function spareWal(dataDirectory: string): Promise<string[]> {
  const wal = "postgres/pg_wal";
  const segments = (await readdir(join(dataDirectory, wal))).filter((name) => /^[0-9A-F]{24}$/.test(name));
  const control = await readFile(join(dataDirectory, "postgres/global/pg_control"));
  // The location of the latest checkpoint: after the system identifier, two versions, the state and the time.
  const location = control.readBigUInt64LE(32);
  const segment = location / BigInt(16 * 1024 * 1024);
  const high = (segment / 256n).toString(16).toUpperCase().padStart(8, "0");
  const low = (segment % 256n).toString(16).toUpperCase().padStart(8, "0");
  return segments.filter((name) => !name.endsWith(`${high}${low}`)).map((name) => `${wal}/${name}`);
}

test("the declarations and their digests", async () => {
  await mkdir(folder, { recursive: true });
  const schema = buildSchema(readFileSync(sdl, "utf8"));
  const cases = [...systematicCases(schema), ...mutatedCases(), ...(await recordedCases())];
  const lines = new Map<string, string>();
  const counts: Record<string, number> = {};
  for (const { kind, args } of cases) {
    // As it is read back: JSON has no undefined.
    const written = JSON.parse(JSON.stringify(args)) as unknown[];
    const key = JSON.stringify([kind, written]);
    const digest = key.length < 20_000 ? digestOf({ kind, args: written }) : undefined;
    if (digest === undefined || lines.has(key)) continue;
    lines.set(key, JSON.stringify({ kind, digest, args: written }));
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  console.log(counts);
  expect(lines.size).toBeGreaterThan(1_000);
  await writeCompressed(`${folder}declarations.ndjson.br`, `${[...lines.values()].join("\n")}\n`);
  await copyFile(fileURLToPath(sdl), `${folder}schema.graphql`);
});

test("a data directory and what is in it", { timeout: 1_200_000 }, async () => {
  await mkdir(folder, { recursive: true });
  const platform = await startPlatformProcess();
  try {
    const facts = await tellStory(platform);
    expect(await platform.stop()).toBe(0);
    await writeFile(`${folder}facts.json`, `${JSON.stringify(facts, null, 2)}\n`);
    await pack(platform.dataDirectory, `${folder}data-directory.tar.br`, [
      // Programs are a cache.
      ...["programs", "postgres.log"],
      ...(await spareWal(platform.dataDirectory)),
    ]);
  } finally {
    await platform.stop();
    await removeData(platform);
  }
});
