import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it, test } from "vitest";
import { type Packed, png, tarOf, zipOf, zstdOf } from "./archive-files.js";
import { fileReader } from "./file-reader.js";

const { inferred, loaded, refusal } = fileReader();

async function animals(): Promise<Packed[]> {
  const [cat, dog] = await Promise.all([png(4, 3, 10), png(4, 3, 200)]);
  return [
    { name: "animals/cat/1.png", bytes: cat },
    { name: "animals/cat/2.png", bytes: cat },
    { name: "animals/dog/1.png", bytes: dog },
  ];
}

describe("images in folders", () => {
  const images = (value: number) => new Array(36).fill(value);
  const expected = [
    { image: images(10), label: "cat", path: "animals/cat/1.png" },
    { image: images(10), label: "cat", path: "animals/cat/2.png" },
    { image: images(200), label: "dog", path: "animals/dog/1.png" },
  ];

  test.each<[string, (entries: Packed[]) => Buffer | Promise<Buffer>]>([
    ["a zip", (entries) => zipOf(entries)],
    ["a zip that is not compressed", (entries) => zipOf(entries.map((entry) => ({ ...entry, isStored: true })))],
    ["a zip64", (entries) => zipOf(entries.map((entry) => ({ ...entry, isZip64: true })))],
    ["a tar", tarOf],
    ["a tar.gz", async (entries) => gzipSync(await tarOf(entries))],
    ["a tar whose names begin with ./", (entries) => tarOf(entries.map((e) => ({ ...e, name: `./${e.name}` })))],
    ["a tar.zst", async (entries) => zstdOf(await tarOf(entries))],
  ])("of %s become rows, in the archive's order", async (_, archive) => {
    const bytes = await archive(await animals());
    const { declaration, features, rowCount } = await inferred(bytes);
    expect(rowCount).toBe(3);
    expect(declaration).toEqual({
      name: "table",
      features: [
        { name: "image", type: "IMAGE", shape: [3, 4, 3] },
        { name: "label", type: "CATEGORY" },
        { name: "path", type: "TEXT" },
      ],
    });
    expect(features?.map(({ role }) => role)).toEqual(["INPUT", "INPUT", "IDENTIFIER"]);
    expect(features?.[0]?.evidence).toBe("All images are 4 wide and 3 high, in colour.");
    expect(await loaded(bytes)).toMatchObject({ rowCount: 3, problems: [], rows: expected });
  });

  it("of different sizes are made equal, and the proposal says so", async () => {
    const bytes = zipOf([
      { name: "a/1.png", bytes: await png(200, 100, 0, 1) },
      { name: "b/2.png", bytes: await png(300, 100, 255, 1) },
      { name: "b/3.png", bytes: await png(300, 300, 255, 1) },
    ]);
    const { declaration, features } = await inferred(bytes);
    expect((declaration as { features: object[] }).features[0]).toEqual({
      ...{ name: "image", type: "IMAGE", shape: [21, 64, 1], resize: "PAD" },
    });
    expect(features?.[0]?.evidence).toMatch(
      /grey, are 200 to 300 wide and 100 to 300 high. They become 64 wide and 21/,
    );
    const { rows } = await loaded(bytes);
    expect(rows.map(({ image }) => (image as number[]).length)).toEqual([1344, 1344, 1344]);
  });

  it("suggest a model that reads them, for their class", async () => {
    const entries: Packed[] = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => ({ name: `${"ab"[i % 2]}/${i}.png`, bytes: await png(16, 16, i) })),
    );
    const { suggestion, features } = await inferred(zipOf(entries), "label");
    expect(features?.map(({ role }) => role)).toEqual(["INPUT", "TARGET", "IDENTIFIER"]);
    expect(suggestion?.model).toMatchObject({ target: "label", inputs: ["image"] });
    expect(JSON.stringify(suggestion?.model.layers)).toMatch(/conv2d/);
  });

  it("below train and test have their part from there, and validation rows of the training ones", async () => {
    const bytes = await png(2, 2, 1, 1);
    const entries = Array.from({ length: 60 }, (_, i) => ({
      name: `x/${i < 40 ? "Train" : "test"}/${"ab"[i % 2]}/${i}.png`,
      bytes,
    }));
    const { declaration } = await inferred(zipOf(entries));
    expect(declaration).toMatchObject({ split: { column: "split" } });
    const { rows } = await loaded(zipOf(entries));
    const parts = rows.map(({ split }) => split);
    expect(parts.slice(40)).toEqual(new Array(20).fill("test"));
    expect(new Set(parts.slice(0, 40))).toEqual(new Set(["train", "validation"]));
    expect(rows.map(({ label }) => label)).toEqual(entries.map((_, i) => "ab"[i % 2]));
    // Those of another archive validate if they did in the first.
    const again = await loaded(zipOf(entries.slice(0, 40)));
    const validating = (part: unknown) => part === "validation";
    expect(again.rows.map(({ split }) => split).map(validating)).toEqual(parts.slice(0, 40).map(validating));
  });

  const faulty = async () => {
    const [first, ...rest] = await animals();
    const bytes = (first as Packed).bytes as Buffer;
    return zipOf([
      first as Packed,
      { name: "animals/cat/cut.png", bytes: bytes.subarray(0, 60) },
      { name: "animals/cat/text.png", bytes: "no picture" },
      { name: "animals/dog/sum.png", bytes, crc: 1 },
      { name: "animals/dog/less.png", bytes, size: 20 },
      { name: "animals/dog/large.png", bytes, size: 2 ** 26 + 1 },
      { name: "animals/dog/wide.png", bytes: await png(9, 9, 3) },
      ...rest,
    ]);
  };
  const shape = {
    features: [
      { name: "image", type: "IMAGE", shape: [3, 4, 3] },
      { name: "label", type: "CATEGORY" },
    ],
  };

  it("that are damaged are told by their names, and nothing is imported", async () => {
    const { rowCount, problems, rows } = await loaded(await faulty(), { change: shape });
    expect({ rowCount, rows }).toEqual({ rowCount: 0, rows: [] });
    expect(
      problems.map(({ code, message, entries, line, value }) => ({ code, message, entries, line, value })),
    ).toEqual([
      {
        ...{ code: "BAD_TYPE", message: "image is a damaged PNG file.", line: null, value: null },
        entries: ["animals/cat/cut.png", "animals/cat/text.png"],
      },
      {
        ...{ code: "UNREADABLE", message: "image cannot be unpacked: it is damaged.", line: null, value: null },
        entries: ["animals/dog/sum.png", "animals/dog/less.png"],
      },
      {
        ...{ code: "TOO_LONG", message: "image is larger than 64 MiB.", line: null, value: null },
        entries: ["animals/dog/large.png"],
      },
      {
        ...{ code: "SHAPE_MISMATCH", entries: ["animals/dog/wide.png"], line: null, value: null },
        message: "image is 9 high and 9 wide, not 3 and 4; declare resize to take it.",
      },
    ]);
  });

  it("that are damaged are left out where they may be", async () => {
    const { rowCount, skippedRows, rows } = await loaded(await faulty(), { change: shape, onInvalid: "SKIP" });
    expect({ rowCount, skippedRows }).toEqual({ rowCount: 3, skippedRows: 6 });
    expect(rows.map(({ label }) => label)).toEqual(["cat", "cat", "dog"]);
  });
});

describe("texts in folders", () => {
  it("become rows, whatever their encoding", async () => {
    const bytes = await tarOf([
      { name: "mail/spam/1.txt", bytes: "buy now" },
      { name: "mail/ham/2.txt", bytes: Buffer.from("grüße", "latin1") },
      { name: "mail/ham/3.txt", bytes: "größe\n" },
      { name: "mail/ham/4", bytes: "" },
      { name: "mail/README", bytes: "how it was made" },
    ]);
    const { declaration, warnings } = await inferred(bytes);
    expect(declaration?.features).toEqual([
      { name: "text", type: "TEXT", nullable: true },
      { name: "label", type: "CATEGORY" },
      { name: "path", type: "TEXT" },
    ]);
    expect(warnings?.map(({ message }) => message)).toContainEqual(
      '1 file lies in no folder of a class and are left out, such as "mail/README".',
    );
    expect((await loaded(bytes)).rows).toEqual([
      { text: "buy now", label: "spam", path: "mail/spam/1.txt" },
      { text: "grüße", label: "ham", path: "mail/ham/2.txt" },
      { text: "größe\n", label: "ham", path: "mail/ham/3.txt" },
      { text: null, label: "ham", path: "mail/ham/4" },
    ]);
  });

  it("that are too long or hold NUL are told by their names", async () => {
    const bytes = zipOf([
      { name: "a/long.txt", bytes: "x".repeat(1_000_001) },
      { name: "a/longer.txt", bytes: "x".repeat(4_000_001), isStored: true },
      { name: "b/nul.txt", bytes: "a\0b" },
      { name: "b/good.txt", bytes: "good" },
    ]);
    const { problems, rowCount } = await loaded(bytes, { onInvalid: "SKIP" });
    expect(rowCount).toBe(1);
    expect(problems.flatMap(({ code, entries }) => entries?.map((entry) => `${code} ${entry}`))).toEqual([
      ...["TOO_LONG a/long.txt", "TOO_LONG a/longer.txt", "BAD_TYPE b/nul.txt"],
    ]);
  });
});

describe("a table in an archive", () => {
  it("alone is read as if it were not in one", async () => {
    const { rowCount, declaration } = await inferred(zipOf([{ name: "data/table.csv", bytes: "a,b\n1,x\n2,y\n" }]));
    expect({ rowCount, features: declaration?.features }).toEqual({
      rowCount: 2,
      features: [
        { name: "a", type: "NUMBER" },
        { name: "b", type: "CATEGORY" },
      ],
    });
  });

  const table = "file,age,kind\ncat/1.png,3,c\n2.png,4,c\n1,5,d\nnone.png,6,d\n,7,d\n";
  const withTable = async () => [
    { name: "set/animals.csv", bytes: table },
    { name: "set/images/cat/1.png", bytes: await png(2, 2, 10) },
    { name: "set/images/cat/2.png", bytes: await png(2, 2, 20) },
    { name: "set/images/cat/3.png", bytes: "damaged" },
  ];

  it("with names of images has these images for a column", async () => {
    const bytes = await tarOf(await withTable());
    const { declaration } = await inferred(bytes);
    expect(declaration?.features).toEqual([
      { name: "file", type: "IMAGE", shape: [2, 2, 3], nullable: true },
      { name: "age", type: "NUMBER" },
      { name: "kind", type: "CATEGORY" },
    ]);
    const { rows, problems, skippedRows } = await loaded(bytes, { onInvalid: "SKIP" });
    expect(skippedRows).toBe(1);
    expect(problems).toMatchObject([
      {
        ...{ code: "UNKNOWN_REFERENCE", line: 5, lines: [5], value: "none.png", path: "rows[3].file" },
        message: 'file "none.png" names no image of the archive.',
      },
    ]);
    expect(rows.map(({ file, age }) => [(file as number[] | null)?.[0], age])).toEqual([
      [10, 3],
      [20, 4],
      [10, 5],
      [undefined, 7],
    ]);
  });

  it("keeps the names where a text is declared", async () => {
    const change = {
      features: [
        { name: "file", type: "TEXT", nullable: true },
        { name: "age", type: "NUMBER" },
      ],
    };
    const { rows } = await loaded(zipOf(await withTable()), { onInvalid: "SKIP", change });
    expect(rows.map(({ file }) => file)).toEqual(["cat/1.png", "2.png", "1", null]);
  });

  it("takes images in base64 and as numbers, too", async () => {
    const base64 = (await png(1, 1, 7, 1)).toString("base64");
    const bytes = Buffer.from(`{"p":"${base64}","n":1}\n{"p":[9],"n":2}\n{"p":"x","n":3}\n`);
    const change = {
      features: [
        { name: "p", type: "IMAGE", shape: [1, 1, 1] },
        { name: "n", type: "NUMBER" },
      ],
    };
    const { rows, problems } = await loaded(bytes, { change, onInvalid: "SKIP" });
    expect(rows).toEqual([
      { p: [7], n: 1 },
      { p: [9], n: 2 },
    ]);
    expect(problems).toMatchObject([{ code: "BAD_TYPE", value: "x", line: 3 }]);
  });
});

describe("an archive that is not read says why, and names the entry", () => {
  const text = { bytes: "text" };
  const ok = { name: "a/1.txt", ...text };
  const other = { name: "b/2.txt", ...text };
  test.each<[string, () => Buffer | Promise<Buffer>, { code: string; entry?: string; message?: RegExp }]>([
    ["a path upwards", () => zipOf([ok, { name: "../evil.txt", ...text }]), { code: "BAD_NAME", entry: "../evil.txt" }],
    [
      "one in the middle",
      () => zipOf([{ name: "a/../../e.txt", ...text }]),
      { code: "BAD_NAME", entry: "a/../../e.txt" },
    ],
    ["an absolute path", () => zipOf([{ name: "/etc/passwd", ...text }]), { code: "BAD_NAME", entry: "/etc/passwd" }],
    ["a drive", () => zipOf([{ name: "C:/evil.txt", ...text }]), { code: "BAD_NAME", entry: "C:/evil.txt" }],
    [
      "a path upwards in a tar",
      () => tarOf([ok, { name: "../e.txt", ...text }]),
      { code: "BAD_NAME", entry: "../e.txt" },
    ],
    [
      "control characters",
      () => zipOf([{ name: "a/\u0007.txt", ...text }]),
      { code: "BAD_NAME", entry: "a/\u0007.txt" },
    ],
    [
      "a link",
      () => zipOf([{ name: "a/link", bytes: "/etc/passwd", mode: 0o120777 }]),
      { code: "UNREADABLE", entry: "a/link" },
    ],
    [
      "a link in a tar",
      () => tarOf([{ name: "a/l", type: "symlink", linkname: "/etc" }]),
      { code: "UNREADABLE", entry: "a/l" },
    ],
    ["a hard link", () => tarOf([{ name: "a/l", type: "link", linkname: "x" }]), { code: "UNREADABLE", entry: "a/l" }],
    ["a device", () => tarOf([{ name: "a/d", type: "fifo" }]), { code: "UNREADABLE", entry: "a/d" }],
    [
      "a password",
      () => zipOf([{ ...ok, isEncrypted: true }, other]),
      { code: "UNSUPPORTED", entry: "a/1.txt", message: /password/ },
    ],
    [
      "a bomb by what it says",
      () => zipOf([{ ...ok, size: 2 ** 31 }, other]),
      { code: "TOO_LONG", entry: "a/1.txt", message: /200 times/ },
    ],
    [
      "more than 64 GiB",
      () => zipOf([{ ...ok, size: 2 ** 36 + 1, isZip64: true }]),
      { code: "TOO_LONG", entry: "a/1.txt", message: /64 GiB/ },
    ],
    ["a long name", () => zipOf([{ name: "x".repeat(1_001), ...text }]), { code: "TOO_LONG", message: /1,000/ }],
    ["a bomb of many", () => zipOf(bombs()), { code: "TOO_LONG", message: /200 times/ }],
    ["a name twice", () => zipOf([ok, ok]), { code: "DUPLICATE", entry: "a/1.txt" }],
    [
      "names that look the same",
      () =>
        zipOf([
          { name: "a/é.txt", ...text },
          { name: "a/e\u0301.txt", ...text },
        ]),
      { code: "DUPLICATE", entry: "a/é.txt" },
    ],
    [
      "an archive within",
      () => zipOf([ok, { name: "a/inner.zip", ...text }]),
      { code: "UNSUPPORTED", entry: "a/inner.zip" },
    ],
    [
      "several tables",
      () =>
        zipOf([
          { name: "a.csv", bytes: "a,b\n" },
          { name: "b.csv", bytes: "a,b\n" },
        ]),
      { code: "UNREADABLE", message: /several tables, a.csv and b.csv/ },
    ],
    ["nothing", () => zipOf([]), { code: "EMPTY", message: /no files/ }],
    ["folders alone", () => zipOf([{ name: "a/" }, { name: "b/" }]), { code: "EMPTY" }],
    ["nothing of use", () => zipOf([{ name: "a/x.exe", ...text }]), { code: "EMPTY", message: /a\/x.exe/ }],
    [
      "no images that can be read",
      () => zipOf([{ name: "a/x.png", ...text }]),
      { code: "UNREADABLE", message: /none of the images/ },
    ],
    ["an end that is cut off", () => zipOf([ok, other]).subarray(0, 120), { code: "UNREADABLE", message: /cut off/ }],
    [
      "a tar that is cut off",
      async () => (await tarOf([ok, { name: "b/2.txt", bytes: "x".repeat(5000) }])).subarray(0, 4000),
      { code: "UNREADABLE", entry: "b/2.txt" },
    ],
    [
      "a tar that is cut off between two",
      async () => (await tarOf([ok, other])).subarray(0, 1024),
      { code: "UNREADABLE", entry: "a/1.txt" },
    ],
    [
      "a tar.gz that is cut off",
      async () => gzipSync(await tarOf([ok, { name: "b/2.txt", bytes: randomBytes(50_000) }])).subarray(0, 9_000),
      { code: "UNREADABLE", entry: "b/2.txt" },
    ],
    [
      "a tar.gz that is a bomb",
      async () => gzipSync(await tarOf([{ name: "a/1.txt", bytes: Buffer.alloc(2 ** 28) }]), { level: 1 }),
      { code: "TOO_LONG", entry: "a/1.txt", message: /200 times/ },
    ],
    [
      "a tar.zst that is a bomb",
      async () => zstdOf(await tarOf([{ name: "a/1.txt", bytes: "x" }]), 4_000),
      { code: "TOO_LONG", message: /200 times/ },
    ],
    [
      "an Office document",
      () => zipOf([{ name: "[Content_Types].xml", ...text }]),
      { code: "UNREADABLE", message: /Office/ },
    ],
    [
      "more entries than it says",
      () =>
        zipOf(
          Array.from({ length: 65_540 }, (_, i) => ({ name: `a/${i}`, isStored: true })),
          65_540,
          false,
        ),
      { code: "UNSUPPORTED", message: /zip64/ },
    ],
    ["too many entries", () => zipOf([ok, other], 250_001), { code: "TOO_LONG", message: /250,000/ }],
  ])("%s", async (_, bytes, { message = /./, ...expected }) => {
    const found = await refusal(await bytes());
    expect(found).toMatchObject(expected);
    expect(found.message).toMatch(message);
  });

  it("100,000 entries are no more than many", async () => {
    const entries = Array.from({ length: 100_000 }, (_, i) => ({
      name: `${"ab"[i % 2]}/${i}.txt`,
      bytes: "x",
      isStored: true,
    }));
    expect((await inferred(zipOf(entries, 100_000))).rowCount).toBe(100_000);
  });

  it("what is hidden, empty or different in case alone is told", async () => {
    const { warnings, rowCount } = await inferred(
      zipOf([
        ...["__MACOSX/a/._1.txt", ".DS_Store", "a/Thumbs.db", "a/1.txt", "A/1.txt"].map((name) => ({
          name,
          bytes: `a ${name}`,
        })),
        { name: "c/", bytes: "" },
      ]),
    );
    expect(rowCount).toBe(2);
    expect(warnings?.map(({ message }) => message)).toEqual([
      "3 hidden files are ignored, such as __MACOSX/a/._1.txt.",
      "names differ in case alone, such as a/1.txt and A/1.txt; they are different files.",
      "1 folder has no files: c.",
      "the folders a and A differ in case alone; they are different classes.",
    ]);
  });
});

/** Of 300 MB, in a hundredth of it. */
function bombs(): Packed[] {
  const bytes = Buffer.alloc(2 ** 24);
  return Array.from({ length: 18 }, (_, i) => ({ name: `a/${i}.txt`, bytes }));
}
