import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { maximumExpirySeconds } from "../../src/storage/keys.js";
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

describe("an expiry that is signed", () => {
  /** Signed with the right secret, as nobody but this test does. */
  const signedFor = (expires: string) => {
    const signature = createHmac("sha256", signer.secret).update(`GET\nruns/1/object\n${expires}`).digest("hex");
    return `/artifacts/runs/1/object?expires=${encodeURIComponent(expires)}&signature=${signature}`;
  };
  const now = signer.now() / 1000;

  it.each([
    ["one second", `${now + 1}`],
    ["the longest time that presign takes", `${now + maximumExpirySeconds}`],
  ])("in %s is served", (_, expires) => {
    expect(verifySignature(signer, signedFor(expires))).toEqual({ key: "runs/1/object" });
  });

  it.each([
    "Infinity",
    "-Infinity",
    "NaN",
    "",
    " ",
    "1e12",
    "1.8e9",
    "0x6b49d200",
    "0b1101011010010011101001000000000",
    "99999999999999999999",
    `${now + maximumExpirySeconds + 1}`,
    `${now + 60}.5`,
    `0${now + 60}`,
    `+${now + 60}`,
    ` ${now + 60}`,
    `${now + 60} `,
    `${now + 60}\n`,
    "１８００００００００",
    "0",
    "-1",
  ])("as %j is refused", (expires) => {
    expect(verifySignature(signer, signedFor(expires))).toEqual({ refused: "BAD_SIGNATURE" });
  });
});
