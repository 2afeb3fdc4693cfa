import { setTimeout as delay } from "node:timers/promises";
import { type Access, sessionOf } from "../../db/session.js";
import { PlatformError } from "../../errors.js";
import { dropped, guarded } from "../../guarded.js";
import { Findings } from "../../language/fields/findings.js";
import { declarationNamePattern } from "../../language/fields/names.js";
import { pinUpload } from "../../uploads/pin.js";
import type { Inference } from "../inference/infer.js";
import { importLimits } from "../limits.js";
import { readMissingValues } from "../options.js";
import { inferFile, type ReaderOptions } from "../reader/reader-process.js";

export interface InferenceRequest {
  upload: string;
  name: string;
  target: string | null;
  missingValues: string[] | null;
}

const nothing = { rowCount: null, features: null, warnings: null, declaration: null, suggestion: null };
let underWay = 0;

/**
 * Infers what an upload holds, and pins its bytes.
 *
 * @throws PlatformError DEADLINE_EXCEEDED where it takes too long.
 */
export async function inferUpload(
  access: Access,
  reader: ReaderOptions,
  { upload: uploadId, name, target, missingValues }: InferenceRequest,
  signal?: AbortSignal,
): Promise<Inference> {
  const session = sessionOf(access);
  const findings = Findings.start();
  const options = { missingValues: readMissingValues(findings, missingValues) };
  if (!declarationNamePattern.test(name))
    findings.add("BAD_NAME", "must be the name of a dataset: a letter, then letters, digits, _ and -.", "name");
  const problems = findings.problems();
  if (problems.length > 0) return { problems, ...nothing };
  const { upload, problem } = await pinUpload(session.manager, uploadId);
  if (problem) return { problems: [problem], ...nothing };
  const late = new PlatformError(
    "DEADLINE_EXCEEDED",
    `The file could not be looked at within ${importLimits.inferenceSeconds} s.`,
  );
  const deadline = new AbortController();
  const abort = guarded(() => deadline.abort(late), dropped);
  const timer = setTimeout(abort, importLimits.inferenceSeconds * 1_000);
  const either = signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal;
  try {
    await turn(either);
    try {
      const file = { objectKey: upload.objectKey, sizeBytes: upload.sizeBytes };
      return await inferFile(reader, { type: "INFER", file, name, target, options }, either);
    } finally {
      underWay--;
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until few enough are under way. */
async function turn(signal: AbortSignal): Promise<void> {
  while (underWay >= importLimits.inferences) {
    signal.throwIfAborted();
    await delay(50);
  }
  underWay++;
}
