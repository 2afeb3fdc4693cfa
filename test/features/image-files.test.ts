import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { describe, expect, it, test } from "vitest";
import { decodeImageFiles } from "../../src/features/image-files.js";
import { validateRows } from "../../src/features/rows.js";
import type { Resize } from "../../src/language/datasets/dataset.js";

const feature = (shape: number[], resize?: Resize) => ({
  ...{ name: "photo", type: "IMAGE" as const, description: "", categories: [], shape },
  ...(resize && { resize }),
});

type Pixels = number[];

/** A file of these pixels, in base64. */
async function file(
  pixels: Pixels,
  width: number,
  channels: 1 | 3 | 4,
  format: "png" | "jpeg" = "png",
): Promise<string> {
  const raw = { width, height: pixels.length / channels / width, channels };
  const image = sharp(Buffer.from(pixels), { raw }).toColourspace(channels === 1 ? "b-w" : "srgb");
  return (await image.toFormat(format).toBuffer()).toString("base64");
}

async function decoded(photo: unknown, of = feature([2, 2, 1])): Promise<unknown> {
  const { rows, faultOf } = await decodeImageFiles([of], [{ photo }]);
  const value = faultOf(0, "photo") ?? (rows as { photo: unknown }[])[0]?.photo;
  return value instanceof Uint8Array ? Array.from(value) : value;
}

const grey = [0, 128, 255, 64];
const red = [255, 0, 0];
const blue = [0, 0, 255];
const white = [255, 255, 255];

describe("an image file in a row", () => {
  it("becomes its pixels, from base64 and from a data: URL alike", async () => {
    const text = await file(grey, 2, 1);
    expect(await decoded(text)).toEqual(grey);
    expect(await decoded(`data:image/png;base64,${text}`)).toEqual(grey);
  });

  test.each<[string, 1 | 3 | 4, Pixels, number, Pixels]>([
    ["grey in colour", 1, [0, 128], 3, [0, 0, 0, 128, 128, 128]],
    ["colour", 3, [...red, ...white], 3, [...red, ...white]],
    ["colour with opacity", 3, [...red, ...blue], 4, [...red, 255, ...blue, 255]],
    ["opacity", 4, [...red, 0, ...blue, 128], 4, [...red, 0, ...blue, 128]],
    ["colour without the opacity it has", 4, [...red, 0, ...blue, 128], 3, [...red, ...blue]],
    ["white in grey", 3, [...white, 0, 0, 0], 1, [255, 0]],
  ])("can hold %s", async (_, channels, pixels, declared, expected) => {
    const photo = await file(pixels, 2, channels);
    expect(await decoded(photo, feature([1, 2, declared]))).toEqual(expected);
  });

  it("of 16 bits a channel keeps the upper eight", async () => {
    const raw = { width: 3, height: 1, channels: 1 as const };
    const bytes = await sharp(Uint16Array.of(0, 257, 65_535), { raw })
      .toColourspace("grey16")
      .png()
      .toBuffer();
    expect(await decoded(bytes.toString("base64"), feature([1, 3, 1]))).toEqual([0, 1, 255]);
  });

  it("can be a JPEG, which comes close", async () => {
    const pixels = (await decoded(await file(new Array(64).fill(200), 8, 1, "jpeg"), feature([8, 8, 1]))) as Pixels;
    for (const value of pixels) expect(Math.abs(value - 200)).toBeLessThan(3);
  });

  it("is turned as it says that it is to be shown", async () => {
    const bytes = await sharp(Buffer.from([0, 255]), { raw: { width: 2, height: 1, channels: 1 } })
      .toColourspace("b-w")
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    expect(await decoded(bytes.toString("base64"), feature([2, 1, 1]))).toEqual([0, 255]);
  });

  const wide = file([...red, ...red, ...white, ...white], 4, 3);
  test.each<[Resize, Pixels]>([
    ["STRETCH", [...red, ...white]],
    ["PAD", [...red, ...white, 0, 0, 0, 0, 0, 0]],
  ])("of another size is brought to the declared one by %s", async (resize, expected) => {
    const height = expected.length / 6;
    const pixels = (await decoded(await wide, feature([height, 2, 3], resize))) as Pixels;
    const near = (a: number, b: number) => Math.abs(a - b) < 40;
    expect(pixels).toHaveLength(expected.length);
    expect(pixels.every((value, index) => near(value, expected[index] as number))).toBe(true);
  });

  it("of another size is cut to the middle by CROP", async () => {
    const photo = await file([9, 9, 50, 60, 9, 9], 6, 1);
    expect(await decoded(photo, feature([1, 2, 1], "CROP"))).toEqual([50, 60]);
  });

  const bomb = sharp({ create: { width: 5000, height: 5000, channels: 3, background: "black" } })
    .png()
    .toBuffer();
  test.each<[string, () => Promise<unknown>, string, string]>([
    ["of another size", () => file(grey, 1, 1), "SHAPE_MISMATCH", "is 4 high and 1 wide, not 2 and 2; declare resize"],
    ["that breaks off", async () => (await file(grey, 2, 1)).slice(0, 80), "BAD_TYPE", "damaged PNG"],
    [
      "of another format",
      async () => Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>").toString("base64"),
      "BAD_TYPE",
      "neither",
    ],
    [
      "with only the first bytes of one",
      async () => Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]).toString("base64"),
      "BAD_TYPE",
      "damaged PNG",
    ],
    ["that is no base64", async () => "not base64!", "BAD_TYPE", "in base64"],
    ["that is empty", async () => "", "BAD_TYPE", "in base64"],
    ["named as something else", async () => `data:image/gif;base64,${await file(grey, 2, 1)}`, "BAD_TYPE", "in base64"],
    [
      "of 25,000,000 pixels in a few bytes",
      async () => (await bomb).toString("base64"),
      "OUT_OF_RANGE",
      "5,000 by 5,000",
    ],
  ])("%s is refused", async (_, photo, code, message) => {
    expect(await decoded(await photo())).toEqual({ code, message: expect.stringContaining(message) });
  });

  it("that is damaged within its pixels is refused, not filled up with grey", async () => {
    const pixels = Array.from({ length: 4096 }, (_, index) => (index * 37) % 256);
    const whole = Buffer.from(await file(pixels, 64, 1, "jpeg"), "base64");
    const part = whole.subarray(0, whole.length >> 1).toString("base64");
    expect(await decoded(part, feature([64, 64, 1]))).toMatchObject({ code: "BAD_TYPE" });
  });

  it("cannot have the channels of a feature that no file has", async () => {
    expect(await decoded(await file(grey, 2, 1), feature([2, 2, 2]))).toMatchObject({ code: "SHAPE_MISMATCH" });
  });
});

describe("rows with image files", () => {
  it("have all their faults reported at once, each at its row and feature", async () => {
    const photo = await file(grey, 2, 1);
    const features = [feature([2, 2, 1]), { ...feature([]), name: "note", type: "TEXT" as const }];
    const given = [{ photo, note: "a" }, { photo: "???", note: 5 }, { photo: [1, 2, 3], note: "b" }, 7, { note: "c" }];
    const { rows, faultOf } = await decodeImageFiles(features, given);
    expect(validateRows(features, rows, { faultOf }).map(({ path, code }) => `${path} ${code}`)).toEqual([
      "rows[1].photo BAD_TYPE",
      "rows[1].note BAD_TYPE",
      "rows[2].photo SHAPE_MISMATCH",
      "rows[3] BAD_TYPE",
      "rows[4].photo REQUIRED",
    ]);
    expect(given[0]).toEqual({ photo, note: "a" });
  });

  it("are refused where they would become more numbers than memory should hold", async () => {
    const of = feature([1000, 1000, 1], "STRETCH");
    const photo = await file(grey, 2, 1);
    const { faultOf } = await decodeImageFiles([of], new Array(34).fill({ photo }));
    expect(faultOf(32, "photo")).toBeUndefined();
    expect(faultOf(33, "photo")).toMatchObject({ code: "TOO_LONG" });
  });

  it("are refused where the files hold more pixels than a request may decode, however few these become", async () => {
    const of = feature([1, 1, 1], "STRETCH");
    const photo = await file(new Array(64).fill(7), 8, 1);
    const rows = Array.from({ length: 3 }, () => ({ [of.name]: photo }));
    const { faultOf, left } = await decodeImageFiles([of], rows, { numbers: 100, pixels: 130 });
    expect([0, 1].map((row) => faultOf(row, of.name))).toEqual([undefined, undefined]);
    expect(faultOf(2, of.name)).toMatchObject({ code: "TOO_LONG" });
    // What is left goes on to the next part of the request.
    expect(left.numbers).toBeLessThan(100);
    expect((await decodeImageFiles([of], rows, left)).faultOf(0, of.name)).toMatchObject({ code: "TOO_LONG" });
  });

  it("are left as they are where no feature is an image, whatever they look like", async () => {
    const rows = [{ note: await file(grey, 2, 1) }];
    expect((await decodeImageFiles([{ ...feature([]), name: "note", type: "TEXT" }], rows)).rows).toBe(rows);
    expect((await decodeImageFiles([feature([2, 2, 1])], "rows")).rows).toBe("rows");
  });

  it("load the decoder when the first file comes, and not before", async () => {
    const script = `
      import { createRequire } from "node:module";
      const { decodeImageFiles } = await import(process.argv[1]);
      const isLoaded = () => Object.keys(createRequire(process.argv[1]).cache).some((file) => file.includes("sharp"));
      const features = [{ name: "photo", type: "IMAGE", shape: [2, 2, 1] }];
      await decodeImageFiles(features, [{ photo: [1, 2, 3, 4] }, { photo: "no file" }]);
      const before = isLoaded();
      const { rows } = await decodeImageFiles(features, [{ photo: process.argv[2] }]);
      console.log(JSON.stringify([before, isLoaded(), [...rows[0].photo]]));`;
    const module = fileURLToPath(new URL("../../dist/features/image-files.js", import.meta.url));
    const given = ["--input-type=module", "-e", script, module, await file(grey, 2, 1)];
    const { stdout } = await promisify(execFile)(process.execPath, given);
    expect(JSON.parse(stdout)).toEqual([false, true, grey]);
  });
});
