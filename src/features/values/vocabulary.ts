import { limits } from "../../language/fields/limits.js";
import type { ModelInput } from "../../language/models/model.js";
import type { Vectorization } from "../../language/preprocessing/preprocessing.js";
import { hashBin, tokensOf } from "./tokens.js";

/**
 * What was learned from the training rows' texts. `vocabulary`: in the order of the ids from 2 on. For TF_IDF,
 * `inverseDocumentFrequency` has log(1 + N / (1 + n)) for an id that n of N texts have (Keras's), from id 1 on.
 */
export type FittedTokens =
  | { method: "VOCABULARY"; vocabulary: string[]; inverseDocumentFrequency?: number[] }
  | { method: "HASHING"; inverseDocumentFrequency?: number[] };

/**
 * The vocabulary: the tokens that occur most often in the texts at `indices`, at most `maxTokens`, ordered by how often
 * and then by their code points, so that equal texts give an equal vocabulary in any order of the rows.
 */
export function fitTokens(
  { preprocessing, vectorization }: ModelInput & { vectorization: Vectorization },
  texts: readonly string[],
  indices: ArrayLike<number>,
): FittedTokens {
  const { maxTokens } = vectorization;
  const chosen = Array.from(indices, (row) => texts[row] ?? "");
  const fitted: FittedTokens =
    maxTokens === null
      ? { method: "HASHING" }
      : { method: "VOCABULARY", vocabulary: mostFrequent(chosen, vectorization, maxTokens) };
  if (preprocessing !== "TF_IDF") return fitted;
  const ids = tokenIds(vectorization, fitted);
  const size = fitted.method === "HASHING" ? (vectorization.hashBins ?? 0) : fitted.vocabulary.length + 1;
  const containing = new Array<number>(size).fill(0);
  for (const text of chosen) for (const id of new Set(ids(text))) containing[id - 1] = (containing[id - 1] ?? 0) + 1;
  const inverseDocumentFrequency = containing.map((count) => Math.log(1 + chosen.length / (1 + count)));
  return { ...fitted, inverseDocumentFrequency };
}

function mostFrequent(texts: readonly string[], vectorization: Vectorization, maxTokens: number): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const token of tokensOf(text, vectorization)) {
      if (token.length <= limits.tokenLength) counts.set(token, (counts.get(token) ?? 0) + 1);
    }
  }
  return [...counts]
    .sort(([a, countA], [b, countB]) => countB - countA || compareCodePoints(a, b))
    .slice(0, maxTokens)
    .map(([token]) => token);
}

/** UTF-16 would put what lies outside the first plane before its last code points. */
function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const [unitA, unitB] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (unitA === unitB) continue;
    const [outsideA, outsideB] = [isSurrogate(unitA), isSurrogate(unitB)];
    return outsideA === outsideB ? unitA - unitB : outsideA ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

/** A vocabulary is looked up for every row that is predicted; the index is made once. */
const indexes = new WeakMap<readonly string[], Map<string, number>>();

function indexOf(vocabulary: readonly string[]): Map<string, number> {
  const known = indexes.get(vocabulary);
  if (known) return known;
  const index = new Map(vocabulary.map((token, position) => [token, position + firstTokenId]));
  indexes.set(vocabulary, index);
  return index;
}

/** The ids of padding and of tokens that are in no vocabulary, and the first of those that are. */
export const paddingId = 0;
export const unknownId = 1;
export const firstTokenId = 2;

/** The ids of a text's tokens; see `Vectorization`. */
export function tokenIds(vectorization: Vectorization, fitted: FittedTokens): (text: string) => number[] {
  if (fitted.method === "HASHING") {
    const bins = vectorization.hashBins ?? 1;
    return (text) => tokensOf(text, vectorization).map((token) => 1 + hashBin(token, bins));
  }
  const index = indexOf(fitted.vocabulary);
  return (text) => tokensOf(text, vectorization).map((token) => index.get(token) ?? unknownId);
}
