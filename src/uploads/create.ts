import { randomBytes } from "node:crypto";
import type { Access } from "../db/session.js";
import { type Outcome, transactOnce } from "../db/transaction.js";
import { newId } from "../entities/identifier.js";
import { Upload } from "../entities/upload.js";
import { readText } from "../language/fields/fields.js";
import { Findings } from "../language/fields/findings.js";
import { uploadLimits } from "./limits.js";

export interface UploadDeclaration {
  fileName: string;
  idempotencyKey?: string | null;
}

/** Creates an upload. Its bytes come later, under the URL of `uploadUrl`. */
export async function createUpload(
  access: Access,
  { fileName, idempotencyKey }: UploadDeclaration,
): Promise<Outcome<{ uploadId: string }>> {
  const findings = Findings.start();
  const name = readText(findings, "fileName", fileName, { min: 1, max: uploadLimits.fileNameLength });
  // Postgres stores no NUL.
  if (name.includes("\0")) findings.add("BAD_NAME", "must hold no NUL character.", "fileName");
  const problems = findings.problems();
  if (problems.length > 0) return { problems };
  const idempotent = { operation: "createUpload", key: idempotencyKey, request: [name] };
  return transactOnce(access, idempotent, async (manager) => {
    const id = newId("Upload");
    const secret = randomBytes(32).toString("hex");
    // The database's clock: servers may differ.
    const after = (seconds: number) => () => `clock_timestamp() + make_interval(secs => ${seconds})`;
    const times = { expiresAt: after(uploadLimits.urlSeconds), keptUntil: after(uploadLimits.keptSeconds) };
    await manager.insert(Upload, { id, fileName: name, secret, ...times });
    return { uploadId: id };
  });
}
