import { describe, expect, it, test } from "vitest";
import { fileReader } from "./file-reader.js";

const { inferred, loaded, refusal } = fileReader();

const people = [
  { name: "n", type: "NUMBER" },
  { name: "note", type: "TEXT", nullable: true },
];
const change = { features: people };

/** What is imported of a file, and what is told of the rest: code, lines and value. */
async function skipped(text: string | Buffer, features: object[] = people) {
  const { rows, problems, skippedRows } = await loaded(text, { onInvalid: "SKIP", change: { features } });
  const refused = await loaded(text, { change: { features } });
  // The same problems refuse the whole file where nothing may be left out.
  expect(refused.problems).toEqual(problems);
  expect(refused.rows).toEqual(problems.length > 0 ? [] : rows);
  return { rows, skippedRows, problems: problems.map(({ code, lines, value }) => ({ code, lines, value })) };
}

describe("rows of a file that are wrong", () => {
  it("with too few or too many cells are told by their lines, and the others are read", async () => {
    expect(await skipped("n,note\n1,a\n2\n3,c\n4,d,e\n5,f\n")).toEqual({
      rows: [
        { n: 1, note: "a" },
        { n: 3, note: "c" },
        { n: 5, note: "f" },
      ],
      skippedRows: 2,
      problems: [{ code: "UNREADABLE", lines: [3, 5], value: null }],
    });
  });

  it("with quotes gone wrong do not take the others along", async () => {
    const { rows, problems } = await skipped('n,note\n1,a\n2,"b"x\n3,"c ""quoted"""\n4,d\n');
    expect(rows.map(({ n }) => n)).toEqual([1, 3, 4]);
    expect(rows[1]?.note).toBe('c "quoted"');
    expect(problems).toEqual([{ code: "UNREADABLE", lines: [3], value: null }]);
  });

  it("with NUL are told by their lines", async () => {
    const { rows, problems } = await skipped("n,note\n1,a\n2,b\0b\n3,c\n");
    expect(rows.map(({ n }) => n)).toEqual([1, 3]);
    expect(problems).toMatchObject([{ code: "BAD_TYPE", lines: [3] }]);
  });

  it("with NUL in place of a number are told, too", async () => {
    const { rows, problems } = await skipped("n,note\n1,a\n\0,b\n3,c\n");
    expect(rows.map(({ n }) => n)).toEqual([1, 3]);
    expect(problems).toMatchObject([{ lines: [3] }]);
  });

  it("end in one way or another", async () => {
    const { rows, problems } = await skipped('n,note\r\n1,a\n2,"b"\r\n3,c\r4,d\n');
    expect({ problems, rows: rows.map(({ n, note }) => `${n}${note}`) }).toEqual({
      problems: [],
      rows: ["1a", "2b", "3c", "4d"],
    });
  });

  it("in which a quote is never closed", async () => {
    const { rows, problems } = await skipped('n,note\n1,a\n2,"b\n3,c\n');
    expect(rows.map(({ n }) => n)).toEqual([1]);
    expect(problems).toMatchObject([{ code: "UNREADABLE", lines: [3] }]);
  });
});

describe("names of columns", () => {
  const of = async (header: string) => (await inferred(`${header}\n1,2,3\n4,5,6\n`)).features?.map(({ name }) => name);

  it("that differ in case or normal form alone are numbered", async () => {
    expect(await of("Size,size,SIZE")).toEqual(["Size", "size_2", "SIZE_3"]);
    expect(await of("\u00e9,e\u0301,x")).toEqual(["\u00e9", "\u00e9_2", "x"]);
  });

  it("that differ in case alone are found as they are, where the dataset has both", async () => {
    const features = [
      { name: "size", type: "NUMBER" },
      { name: "Size", type: "NUMBER" },
    ];
    const { rows } = await loaded("Size,size\n1,2\n", { change: { features } });
    expect(rows).toEqual([{ size: 2, Size: 1 }]);
  });

  it("in another normal form are found", async () => {
    const features = [
      { name: "\u00e9", type: "NUMBER" },
      { name: "x", type: "NUMBER" },
    ];
    const { rows } = await loaded("e\u0301,x\n1,2\n", { change: { features } });
    expect(rows).toEqual([{ "\u00e9": 1, x: 2 }]);
  });

  it("that are empty or twice there are imported under their numbers", async () => {
    const text = "id,id,,x\n1,2,3,4\n5,6,7,8\n";
    const { rows } = await loaded(text);
    expect(rows[0]).toEqual({ id: 1, id_2: 2, column_3: 3, x: 4 });
  });

  it("hold no NUL and no control characters", async () => {
    expect(await of("a\0b,c\u0007d,e")).toEqual(["a b", "c d", "e"]);
  });
});

describe("a file that is none", () => {
  const jpeg = Buffer.concat([Buffer.from("ffd8ffe000104a464946", "hex"), Buffer.alloc(500, 3)]);
  test.each<[string, string | Buffer, string, RegExp]>([
    ["a picture", jpeg, "UNREADABLE", /a JPEG image/],
    ["nothing", "", "EMPTY", /empty/],
    ["30,000 columns", `${Array.from({ length: 30_000 }, (_, i) => `c${i}`).join(",")}\n1\n`, "TOO_LONG", /30000/],
    ["NUL throughout", Buffer.alloc(4_000), "UNREADABLE", /no text/],
    ["a line break alone", "\n\n\n", "EMPTY", /./],
    ["blanks alone", "   \n  \n", "EMPTY", /./],
    ["a byte order mark alone", "\ufeff", "EMPTY", /./],
  ])("%s", async (_, bytes, code, message) => {
    const found = await refusal(bytes);
    expect(found.code).toBe(code);
    expect(found.message).toMatch(message);
  });

  it("a header alone imports nothing", async () => {
    expect(await loaded("n,note\n", { change })).toMatchObject({ rowCount: 0, rows: [], problems: [] });
  });
});
