import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { deserialize, serialize } from "node:v8";
import * as tf from "@tensorflow/tfjs-core";
import { canonicalJson } from "../../../language/fields/canonical.js";
import type { Graph } from "../../graphs/graph.js";
import type { Target } from "../kernels/kernel.js";
import type { Program } from "../program/model.js";

/**
 * Programs that were traced and optimized before, in files: every run has a process of its own, and most train what
 * another one has trained. Of the time until a first step is ready, that is the larger part.
 */
export interface ProgramCache {
  /**
   * The program of that graph for that target, from a file or, if there is none that can be used, from `make`. Fails only as `make`
   * does: a directory that cannot be read or written costs time, not the run.
   */
  obtain(graph: Graph, target: Target, make: () => Program): Program;
}

export interface ProgramCacheOptions {
  /** Made when it is needed; other processes may use it at the same time. */
  directory: string;
  /** What all files together may take; those that were not used for the longest time go first. Default: 256 MiB. */
  maximumBytes?: number;
  /** What makes programs: those of another version are not used. Default: `engineVersion()`. */
  version?: string;
}

const digestBytes = 32;
/** A program of more numbers than code: reading it would take as long as making it. */
const largestShare = 1 / 4;

export function createProgramCache(options: ProgramCacheOptions): ProgramCache {
  const { directory, maximumBytes = 256 * 2 ** 20, version = engineVersion() } = options;

  function read(file: string): Program | undefined {
    const bytes = attempt(() => readFileSync(file));
    if (!bytes) return undefined;
    const content = bytes.subarray(digestBytes);
    const whole = bytes.length > digestBytes && sha256(content).equals(bytes.subarray(0, digestBytes));
    const program = whole ? attempt(() => deserialize(content) as Program) : undefined;
    attempt(() => (program ? utimesSync(file, new Date(), new Date()) : rmSync(file, { force: true })));
    return program;
  }

  function write(file: string, program: Program): void {
    let numbers = 0;
    for (const { data } of program.constants.values()) numbers += data.byteLength;
    if (numbers > maximumBytes * largestShare) return;
    const temporary = `${file}.${process.pid}`;
    try {
      const content = serialize(program);
      if (content.length > maximumBytes * largestShare) return;
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      writeFileSync(temporary, Buffer.concat([sha256(content), content]), { mode: 0o600 });
      // Nobody sees a file before it is whole. It is not synchronized: one that a crash leaves damaged is not used.
      renameSync(temporary, file);
      removeOldest(directory, maximumBytes);
    } catch {
      attempt(() => rmSync(temporary, { force: true }));
    }
  }

  return {
    obtain(graph, target, make) {
      const { identity } = graph;
      const name = identity === undefined ? undefined : attempt(() => nameOf(version, { identity, target }));
      if (name === undefined) return make();
      const file = path.join(directory, name);
      const known = read(file);
      if (known) return known;
      const program = make();
      write(file, program);
      return program;
    },
  };
}

const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

function nameOf(version: string, made: unknown): string {
  return createHash("sha256")
    .update(`${version}\n${canonicalJson(made)}`)
    .digest("hex");
}

function removeOldest(directory: string, maximumBytes: number): void {
  const files = readdirSync(directory).flatMap((name) => {
    const file = path.join(directory, name);
    // Another process may have removed it meanwhile.
    const stat = attempt(() => statSync(file));
    return stat?.isFile() ? [{ file, size: stat.size, usedAt: stat.mtimeMs }] : [];
  });
  let size = files.reduce((sum, file) => sum + file.size, 0);
  for (const { file, size: freed } of files.sort((a, b) => a.usedAt - b.usedAt)) {
    if (size <= maximumBytes) return;
    attempt(() => rmSync(file, { force: true }));
    size -= freed;
  }
}

function attempt<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/**
 * A digest of all code that decides about programs: this room's and the language's files, the versions of tfjs, and of
 * V8, whose format the files are in. Reading the code takes some milliseconds, once a process.
 */
export function engineVersion(): string {
  const hash = createHash("sha256").update(`${tf.version_core} ${process.versions.v8}\n`);
  for (const room of ["../../", "../../../language/"]) {
    const folder = fileURLToPath(new URL(room, import.meta.url));
    for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
      if (/(?<!\.d)\.[jt]s$/.test(file)) hash.update(`${file}\n`).update(readFileSync(path.join(folder, file)));
    }
  }
  return hash.digest("hex");
}
