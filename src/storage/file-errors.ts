import { PlatformError } from "../errors.js";
import { errorCode } from "./durable-file.js";

// EFBIG: a file-size limit of the process or of the file system.
const fullCodes = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Handles the error of a system call on a file that may be missing: throws every other error. */
export function ignoreMissing(error: unknown): undefined {
  const code = errorCode(error);
  if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
}

/** @param action what the store could not do, such as "read runs/run_1/weights". */
export function fileStoreError(error: unknown, action: string): PlatformError {
  if (error instanceof PlatformError) return error;
  const code = errorCode(error);
  if (code !== undefined && fullCodes.has(code)) {
    return new PlatformError(
      "STORAGE_FULL",
      `The file store has no room to ${action} (${code}).`,
      {},
      { cause: error },
    );
  }
  if (code === "ELOOP") {
    return new PlatformError(
      "OBJECT_CORRUPT",
      `A symbolic link stands where the store keeps an object: it does not ${action}.`,
    );
  }
  const reason = code ?? (error instanceof Error ? error.message : String(error));
  return new PlatformError(
    "STORAGE_UNAVAILABLE",
    `The file store could not ${action}: ${reason}.`,
    {},
    { cause: error },
  );
}
