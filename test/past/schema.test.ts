import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type BreakingChangeType,
  buildSchema,
  DangerousChangeType,
  findBreakingChanges,
  findDangerousChanges,
} from "graphql";
import { describe, expect, test } from "vitest";
import { createSchema } from "../../src/graphql/schema.js";
import { printSdl } from "../../src/graphql/sdl.js";

const folder = fileURLToPath(new URL("releases/", import.meta.url));

/** Changes since each release that are no additions, and why they were made. The CHANGELOG has them too. */
const accepted: Record<string, Record<string, string>> = {
  "8f5b972": {
    "ModelRevision.parameterCount changed type from Int! to Int.":
      "On categories that the dataset keeps, it follows from the rows, and there may be none yet.",
    "Prediction.value changed type from JSON! to JSON.":
      "A row that cannot be answered no longer refuses the others; `Prediction.problems` says why.",
  },
};

const additions: ReadonlySet<BreakingChangeType | DangerousChangeType> = new Set([
  DangerousChangeType.OPTIONAL_ARG_ADDED,
  DangerousChangeType.OPTIONAL_INPUT_FIELD_ADDED,
  DangerousChangeType.VALUE_ADDED_TO_ENUM,
  DangerousChangeType.TYPE_ADDED_TO_UNION,
  DangerousChangeType.IMPLEMENTED_INTERFACE_ADDED,
]);

describe.each(readdirSync(folder))("the schema since release %s", (release) => {
  test("differs by additions and by what is listed here with its reason", () => {
    const before = buildSchema(readFileSync(`${folder}${release}/schema.graphql`, "utf8"));
    const now = buildSchema(printSdl(createSchema()));
    const changes = [...findBreakingChanges(before, now), ...findDangerousChanges(before, now)]
      .filter(({ type }) => !additions.has(type))
      .map(({ description }) => description);
    expect(changes.sort()).toEqual(Object.keys(accepted[release] ?? {}).sort());
  });
});
