import { describe, expect, it, test } from "vitest";
import { hashBin, spanOf, tokensOf } from "../../src/features/values/tokens.js";
import { fitTokens, tokenIds } from "../../src/features/values/vocabulary.js";
import type { ModelInput } from "../../src/language/models/model.js";
import type { Vectorization } from "../../src/language/preprocessing/preprocessing.js";

const words: Vectorization = {
  standardize: "LOWER_AND_STRIP_PUNCTUATION",
  split: "WHITESPACE",
  maxTokens: 100,
  hashBins: null,
};

describe("the tokens of a text", () => {
  test.each<[string, Partial<Vectorization>, string, string[]]>([
    ["are words in lower case", {}, "The Cat SAT", ["the", "cat", "sat"]],
    ["leave punctuation out, which leaves no gap", {}, "don't – “stop”, now!", ["dont", "stop", "now"]],
    ["leave ASCII's symbols out, but no other", {}, "a+b=$5 €5 <x>", ["ab5", "€5", "x"]],
    ["keep emoji", {}, "So good 😀👍🏽!", ["so", "good", "😀👍🏽"]],
    ["know Unicode's white space and case", {}, "ÄÖÜ\u00a0ΣΑΣ\u3000日本", ["äöü", "σας", "日本"]],
    ["are the same however an accent is written", {}, "cafe\u0301", ["café"]],
    ["are none in an empty text", {}, "", []],
    ["are none in punctuation", {}, " ... \n\t!", []],
    ["may keep punctuation", { standardize: "LOWER" }, "Well, I", ["well,", "i"]],
    ["may be as they stand", { standardize: "NONE" }, "Well, I", ["Well,", "I"]],
    ["may be characters, white space included", { split: "CHARACTER" }, "A 😀b", ["a", " ", "😀", "b"]],
  ])("%s", (_, changes, text, tokens) => {
    expect(tokensOf(text, { ...words, ...changes })).toEqual(tokens);
  });

  it("have the hash that FNV-1a is published with", () => {
    // Test vectors of the function's authors: the empty text, "a" and "foobar".
    expect(["", "a", "foobar"].map((token) => hashBin(token, 2 ** 32))).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
    expect(hashBin("日本", 1000)).toBe(hashBin("日本", 1000));
    expect(hashBin("anything", 1)).toBe(0);
  });
});

const texts = ["b a a", "c b a", "😀 \uffff 😀 \uffff", "secret secret secret secret"];

function fitted(changes: Partial<Vectorization>, preprocessing: ModelInput["preprocessing"] = "EMBEDDING") {
  const vectorization = { ...words, ...changes };
  const input = { feature: "text", preprocessing, vectorization } as ModelInput & { vectorization: Vectorization };
  return fitTokens(input, texts, [0, 1, 2]);
}

describe("a vocabulary", () => {
  it("has the most frequent tokens of the training rows, of equals the first by code points", () => {
    expect(fitted({})).toEqual({ method: "VOCABULARY", vocabulary: ["a", "b", "\uffff", "😀", "c"] });
    expect(fitted({ maxTokens: 3 })).toEqual({ method: "VOCABULARY", vocabulary: ["a", "b", "\uffff"] });
  });

  it("does not depend on the order of the rows", () => {
    const input = { feature: "text", preprocessing: "EMBEDDING", vectorization: words } as ModelInput & {
      vectorization: Vectorization;
    };
    expect(fitTokens(input, texts, [2, 1, 0])).toEqual(fitTokens(input, texts, [0, 1, 2]));
  });

  it("leaves out what is too long to be a word", () => {
    const input = { feature: "text", preprocessing: "EMBEDDING", vectorization: words } as ModelInput & {
      vectorization: Vectorization;
    };
    const long = "x".repeat(101);
    expect(fitTokens(input, [`${long} ${long} short`], [0])).toEqual({ method: "VOCABULARY", vocabulary: ["short"] });
  });

  it("gives ids from 2 on, and 1 to what it does not hold", () => {
    const ids = tokenIds(words, { method: "VOCABULARY", vocabulary: ["a", "b"] });
    expect(ids("B, a: secret constructor")).toEqual([3, 2, 1, 1]);
    expect(ids("")).toEqual([]);
  });

  it("weighs a token the less, the more training texts have it", () => {
    const { vocabulary, inverseDocumentFrequency } = fitted({ maxTokens: 2 }, "TF_IDF") as {
      vocabulary: string[];
      inverseDocumentFrequency: number[];
    };
    expect(vocabulary).toEqual(["a", "b"]);
    // Of three texts two have unknown tokens, two have "a" and two have "b".
    expect(inverseDocumentFrequency).toEqual([Math.log(2), Math.log(2), Math.log(2)]);
    const [unknown] = (fitted({ maxTokens: 100 }, "TF_IDF") as { inverseDocumentFrequency: number[] })
      .inverseDocumentFrequency;
    expect(unknown).toBe(Math.log(4));
  });

  it("is not needed where tokens are hashed", () => {
    expect(fitted({ maxTokens: null, hashBins: 7 })).toEqual({ method: "HASHING" });
    const ids = tokenIds({ ...words, maxTokens: null, hashBins: 7 }, { method: "HASHING" });
    expect(ids("a b a")).toEqual(["a", "b", "a"].map((token) => 1 + hashBin(token, 7)));
  });
});

test.each([
  ["PRE", "PRE", 2, { from: 0, count: 2, at: 1 }],
  ["POST", "PRE", 2, { from: 0, count: 2, at: 0 }],
  ["PRE", "PRE", 5, { from: 2, count: 3, at: 0 }],
  ["PRE", "POST", 5, { from: 0, count: 3, at: 0 }],
  ["PRE", "POST", 0, { from: 0, count: 0, at: 3 }],
] as const)("padding %s and truncating %s place %i of 3 elements", (padding, truncating, length, span) => {
  expect(spanOf(length, { maxLength: 3, padding, truncating })).toEqual(span);
});
