import { describe, expect, it } from "vitest";
import { signUrl, verifySignature } from "../../src/storage/signed-url.js";

const signer = { baseUrl: () => "http://127.0.0.1:4000", secret: "s".repeat(32), now: () => 1_700_000_000_000 };
const pathAndQuery = (url: string) => url.slice(signer.baseUrl().length);
const signed = pathAndQuery(signUrl(signer, "runs/1/object", 60));

describe("a signed URL", () => {
  it("names the key, its expiry in seconds since 1970 and a signature", () => {
    expect(signed).toMatch(/^\/artifacts\/runs\/1\/object\?expires=1700000060&signature=[0-9a-f]{64}$/);
  });

  it.each([
    [0, { key: "runs/1/object" }],
    [59_999, { key: "runs/1/object" }],
    [60_000, { refused: "EXPIRED" }],
    [1e12, { refused: "EXPIRED" }],
  ])("is judged by the injected clock: after %i ms", (elapsed, expected) => {
    expect(verifySignature({ ...signer, now: () => signer.now() + elapsed }, signed)).toEqual(expected);
  });

  it.each([
    ["another key", signed.replace("object", "other")],
    ["a later expiry", signed.replace("1700000060", "1800000000")],
    ["no expiry", signed.replace(/expires=\d+&/, "")],
    ["no signature", signed.replace(/&signature=.*/, "")],
    ["half a signature", signed.slice(0, -32)],
    ["something after the signature", `${signed}zz`],
    ["capital hex", signed.replace(/[0-9a-f]{64}$/, (hex) => hex.toUpperCase())],
    ["no query", "/artifacts/runs/1/object"],
    ["another path", signed.replace("/artifacts/", "/other/")],
    ["a second slash", signed.replace("/artifacts/", "/artifacts//")],
    ["a detour", signed.replace("/artifacts/", "/artifacts/x/../")],
    ["nothing", ""],
  ])("with %s is refused", (_, forged) => {
    expect(verifySignature(signer, forged)).toEqual({ refused: "BAD_SIGNATURE" });
  });

  it("of another secret is refused, expired or not", () => {
    const other = { ...signer, secret: "o".repeat(32), now: () => signer.now() + 1e9 };
    expect(verifySignature(other, signed)).toEqual({ refused: "BAD_SIGNATURE" });
  });
});
