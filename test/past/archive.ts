import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";

const run = promisify(execFile);

/** The window holds a whole cluster, whose databases repeat each other. */
const parameters = {
  [constants.BROTLI_PARAM_QUALITY]: 11,
  [constants.BROTLI_PARAM_LARGE_WINDOW]: 1,
  [constants.BROTLI_PARAM_LGWIN]: 26,
};
const reading = { params: { [constants.BROTLI_DECODER_PARAM_LARGE_WINDOW]: 1 } };

export async function writeCompressed(file: string, content: Uint8Array | string): Promise<void> {
  const bytes = Buffer.from(content as string);
  await writeFile(
    file,
    brotliCompressSync(bytes, { params: { ...parameters, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
  );
}

export async function readCompressed(file: string): Promise<Buffer> {
  return brotliDecompressSync(await readFile(file), reading);
}

/** Packs a folder; paths that match one of the patterns are left out. */
export async function pack(folder: string, file: string, without: string[]): Promise<void> {
  const tar = join(tmpdir(), `perennial-past-${process.pid}.tar`);
  const excluded = without.map((name) => `--exclude=./${name}`);
  await run("tar", [
    "--sort=name",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    ...excluded,
    "-cf",
    tar,
    "-C",
    folder,
    ".",
  ]);
  await writeCompressed(file, await readFile(tar));
  await run("rm", [tar]);
}

export async function unpack(file: string, folder: string): Promise<void> {
  const tar = join(folder, "past.tar");
  await writeFile(tar, await readCompressed(file));
  await run("tar", ["-xf", tar, "-C", folder, "--no-same-owner"]);
  await run("rm", [tar]);
}
