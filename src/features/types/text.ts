import { limits } from "../../language/fields/limits.js";
import { count, shown } from "../../language/fields/wording.js";
import type { ModelInput } from "../../language/models/model.js";
import type { Vectorization } from "../../language/preprocessing/preprocessing.js";
import { textsOf } from "../values/column.js";
import { encodeIds } from "../values/encode-elements.js";
import { foreign } from "../values/scaling.js";
import { fitTokens, tokenIds } from "../values/vocabulary.js";
import type { Check, Codec } from "./codec.js";

/** TEXT: any string of well-formed Unicode without NUL characters, which may be empty. Its elements are its tokens. */
export const text: Codec = {
  expected: () => "a text",
  check: () => checkText,
  // No text has more UTF-16 code units than bytes of UTF-8.
  store: { form: "TEXTS", fits: (bytes) => bytes <= limits.textLength },
  fit: (input, { table, indices }) =>
    fitTokens({ ...input, vectorization: vectorizationOf(input) }, textsOf(table, input.feature), indices),
  encode(input, fitted, { table, indices }, destination) {
    if (fitted.method !== "VOCABULARY" && fitted.method !== "HASHING") throw foreign(input.feature);
    const texts = textsOf(table, input.feature);
    const ids = tokenIds(vectorizationOf(input), fitted);
    encodeIds(input, fitted, (row) => ids(texts[row] ?? ""), indices, destination);
  },
  makesIds: () => true,
};

/** Half a surrogate pair has no form in UTF-8, and a NUL none in Postgres, where a vocabulary is kept. */
const checkText: Check = (at, key, value) => {
  if (typeof value !== "string") at.add("BAD_TYPE", () => `must be a text, got ${shown(value)}.`, key);
  else if (value.length > limits.textLength) {
    const most = limits.textLength;
    at.add("TOO_LONG", () => `must have at most ${count(most)} characters, got ${count(value.length)}.`, key);
  } else if (value.includes("\u0000") || /\p{Surrogate}/u.test(value)) {
    at.add("BAD_TYPE", "must be well-formed text without NUL characters.", key);
  } else return true;
  return false;
};

function vectorizationOf({ feature, vectorization }: ModelInput): Vectorization {
  if (vectorization) return vectorization;
  throw new Error(`The model does not say how the text "${feature}" becomes tokens.`);
}
