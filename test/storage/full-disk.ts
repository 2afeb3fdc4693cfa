import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type WriteChunk, writeChunk } from "../../src/storage/durable-file.js";

const run = promisify(execFile);

/** A directory on which a write of megabytes fails. */
export interface SmallDisk extends AsyncDisposable {
  directory: string;
  /** Who refuses: a mounted file system, a limit of the kernel on this process, or the injected write. */
  mechanism: "tmpfs of 1 MiB" | "RLIMIT_FSIZE" | "injected write";
  write: WriteChunk;
  /** Runs while writes of megabytes are refused. */
  whileFull(action: () => Promise<void>): Promise<void>;
}

/** The most real full disk that this user can have here. */
export async function smallDisk(): Promise<SmallDisk> {
  const directory = await mkdtemp(join(tmpdir(), "perennial-full-disk-"));
  const remove = () => rm(directory, { recursive: true, force: true });
  const mounted = await run("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", directory]).then(
    () => true,
    () => false,
  );
  if (mounted) {
    return {
      directory,
      mechanism: "tmpfs of 1 MiB",
      write: writeChunk,
      whileFull: (action) => action(),
      [Symbol.asyncDispose]: async () => {
        await run("umount", [directory]);
        await remove();
      },
    };
  }
  if (await limitFileSize("65536:unlimited").catch(() => false)) {
    await limitFileSize("unlimited:unlimited");
    return {
      directory,
      mechanism: "RLIMIT_FSIZE",
      write: writeChunk,
      whileFull: async (action) => {
        await limitFileSize("65536:unlimited");
        try {
          await action();
        } finally {
          await limitFileSize("unlimited:unlimited");
        }
      },
      [Symbol.asyncDispose]: remove,
    };
  }
  return {
    directory,
    mechanism: "injected write",
    write: async (handle, chunk) => {
      await writeChunk(handle, chunk.subarray(0, 65_536));
      if (chunk.byteLength > 65_536) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
    },
    whileFull: (action) => action(),
    [Symbol.asyncDispose]: remove,
  };
}

/** Limits the size of files that this process writes; the system answers EFBIG beyond it. An ordinary user may do this. */
async function limitFileSize(limits: string): Promise<boolean> {
  await run("prlimit", ["--pid", String(process.pid), `--fsize=${limits}`]);
  return true;
}
