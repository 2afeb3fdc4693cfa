import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rowLimits } from "../../src/datasets/row-limits.js";
import { collect } from "../../src/garbage/collect.js";
import { openLedger } from "../../src/garbage/ledger.js";
import { reportStorage } from "../../src/garbage/report.js";
import { until } from "../support/workbench.js";
import { type ImportPlatform, openImportPlatform } from "./import-platform.js";
import { oddFeatures, oddRows } from "./odd-rows.js";

let opened: ImportPlatform;
beforeAll(async () => {
  opened = await openImportPlatform();
  await declare({ name: "odd", features: oddFeatures });
  await append("odd", oddRows.slice(0, 2));
  await append("odd", oddRows.slice(2));
});
afterAll(() => opened?.close());

async function declare(input: object): Promise<void> {
  const { declareDataset } = await opened.send("01-declare-dataset", { input });
  expect(declareDataset.problems).toEqual([]);
}

async function append(dataset: string, rows: object[]): Promise<void> {
  const { appendRows } = await opened.send("02-append-rows", { input: { dataset, rows } });
  expect(appendRows.problems).toEqual([]);
}

const rowsQuery = `query ($dataset: String!, $version: Int, $features: [String!], $filter: DatasetRowFilter,
  $first: Int, $after: String, $last: Int, $before: String) {
  datasetRows(dataset: $dataset, version: $version, features: $features, filter: $filter, first: $first, after: $after,
    last: $last, before: $before) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes { ordinal values part version { number } }
  }
}`;
const rowsOf = async (variables: object) => (await opened.ask(rowsQuery, variables)).datasetRows;
const ordinalsOf = async (variables: object): Promise<number[]> =>
  (await rowsOf(variables)).nodes.map(({ ordinal }: { ordinal: number }) => ordinal);

describe("rows that are read back", () => {
  it("are as they were appended, with their part and version, and can be appended again", async () => {
    const { nodes, totalCount, pageInfo } = await rowsOf({ dataset: "odd" });
    expect({ totalCount, ...pageInfo }).toMatchObject({ totalCount: 3, hasNextPage: false, hasPreviousPage: false });
    expect(nodes.map(({ version }: { version: object }) => version)).toEqual([
      { number: 1 },
      { number: 1 },
      { number: 2 },
    ]);
    const parts = nodes.map(({ part }: { part: string }) => part);
    expect(new Set(["TRAIN", "VALIDATION", "TEST", ...parts]).size).toBe(3);
    const values = nodes.map((node: { values: object }) => node.values);
    // A picture of whole numbers from 0 to 255 is a PNG file again.
    expect(values.map(({ grey, ...others }: Record<string, unknown>) => others)).toEqual(
      oddRows.map(({ grey, ...others }) => others),
    );
    expect(Buffer.from(values[0].grey, "base64").subarray(1, 4).toString()).toBe("PNG");
    await declare({ name: "odd-again", features: oddFeatures });
    await append("odd-again", values.slice(0, 2));
    await append("odd-again", values.slice(2));
    const digestOf = async (name: string) =>
      (await opened.ask(`{ dataset(name: "${name}") { latestVersion { digest } } }`, {})).dataset.latestVersion.digest;
    expect(await digestOf("odd-again")).toBe(await digestOf("odd"));
  });

  it("come in pages, from both ends and as of a version", async () => {
    const first = await rowsOf({ dataset: "odd", first: 2, features: ["kind"] });
    expect(first.nodes.map(({ values }: { values: object }) => values)).toEqual([{ kind: "a" }, { kind: "b" }]);
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const rest = await rowsOf({ dataset: "odd", first: 2, after: first.pageInfo.endCursor, features: [] });
    expect(rest.nodes).toMatchObject([{ ordinal: 2, values: {} }]);
    expect(rest.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    expect(await ordinalsOf({ dataset: "odd", last: 2 })).toEqual([1, 2]);
    expect(await ordinalsOf({ dataset: "odd", last: 1, before: first.pageInfo.endCursor })).toEqual([0]);
    expect(await ordinalsOf({ dataset: "odd", version: 1 })).toEqual([0, 1]);
    expect(await ordinalsOf({ dataset: "odd", first: 0 })).toEqual([]);
  });

  it.each([
    [{ feature: { name: "a.b", isMissing: true } }, [1]],
    [{ feature: { name: "a.b", number: { lt: 0 } } }, [0]],
    [{ not: { feature: { name: "a.b", number: { lt: 0 } } } }, [1, 2]],
    [{ feature: { name: "größe", text: { in: ["NA", "null"] } } }, [0, 2]],
    [{ feature: { name: "größe", text: { ne: "NA" } } }, [2]],
    [{ feature: { name: "width", text: { contains: "hi" } } }, [0]],
    [{ feature: { name: "width", text: { eq: "" } } }, [2]],
    [{ feature: { name: "Width", boolean: { eq: false } } }, [1, 2]],
    [{ feature: { name: "__proto__", instant: { gte: "2020-02-29T12:00:00.123Z" } } }, [0]],
    [{ feature: { name: "numbers", isMissing: false } }, [0, 2]],
    [{ or: [{ ordinal: { gte: 2 } }, { version: { eq: 1 }, ordinal: { lt: 1 } }] }, [0, 2]],
    [{ version: { gt: 1 } }, [2]],
    [{ ordinal: { in: [] } }, []],
    [{ part: { in: ["TRAIN", "VALIDATION", "TEST"] } }, [0, 1, 2]],
    [{ part: { in: [] } }, []],
  ])("are filtered by %j", async (filter, ordinals) => {
    const { nodes, totalCount } = await rowsOf({ dataset: "odd", filter, features: [] });
    expect(nodes.map(({ ordinal }: { ordinal: number }) => ordinal)).toEqual(ordinals);
    expect(totalCount).toBe(ordinals.length);
  });

  it("are refused with the place of what is wrong", async () => {
    const errorOf = async (variables: object): Promise<string> => {
      const response = await opened.post(rowsQuery, { dataset: "odd", ...variables });
      return response.errors[0].message;
    };
    expect(await errorOf({ dataset: "none" })).toMatch(/no dataset "none"/);
    expect(await errorOf({ version: 9 })).toMatch(/no version 9/);
    expect(await errorOf({ features: ["kind", "x"] })).toMatch(/^features\[1\]: the dataset has no feature "x"/);
    expect(await errorOf({ filter: { feature: { name: "x" } } })).toMatch(/^filter\.feature\.name: .*no feature "x"/);
    expect(await errorOf({ filter: { feature: { name: "kind", number: { eq: 1 } } } })).toMatch(
      /^filter\.feature\.number: "kind" is CATEGORY and is compared by `text`/,
    );
    expect(await errorOf({ filter: { and: [{ feature: { name: "grey", text: { eq: "1" } } }] } })).toMatch(
      /^filter\.and\[0\]\.feature\.text: .*can only be asked for `isMissing`/,
    );
    expect(await errorOf({ first: 1_001 })).toMatch(/^first: /);
    expect(await errorOf({ after: "x" })).toMatch(/^after: /);
  });

  it("end a page where their values become too large", async () => {
    const features = [
      { name: "text", type: "TEXT" },
      { name: "y", type: "BINARY" },
    ];
    await declare({ name: "large", features });
    const text = "x".repeat(100_000);
    await append(
      "large",
      Array.from({ length: 90 }, () => ({ text, y: true })),
    );
    const first = await rowsOf({ dataset: "large", first: 1_000 });
    expect(first.nodes).toHaveLength(Math.floor(rowLimits.pageCharacters / JSON.stringify({ text, y: true }).length));
    expect(first.pageInfo.hasNextPage).toBe(true);
    const rest = await ordinalsOf({ dataset: "large", first: 1_000, after: first.pageInfo.endCursor });
    expect(rest).toEqual(Array.from({ length: 90 - first.nodes.length }, (_, index) => first.nodes.length + index));
    expect((await ordinalsOf({ dataset: "large", last: 1_000 })).at(0)).toBe(90 - first.nodes.length);
  });

  const visits = Array.from({ length: 90 }, (_, index) => ({
    day: (index * 37) % 30 === 7 ? null : (index * 37) % 30,
    place: `p${index % 3}`,
  }));
  it.each([
    [{ stratifyBy: "place", train: 0.5, validation: 0.25, test: 0.25 }],
    [{ time: { feature: "day" }, train: 0.5, validation: 0.25, test: 0.25 }],
    [{ key: "place", train: 0.5, validation: 0.25, test: 0.25 }],
  ])("tell the part that a run would give them, under %j", async (split) => {
    const name = `visits-${Object.keys(split)[0]}`;
    await declare({
      name,
      split,
      features: [
        { name: "day", type: "NUMBER", nullable: true },
        { name: "place", type: "CATEGORY" },
      ],
    });
    for (const [from, to] of [
      [0, 20],
      [20, 60],
      [60, 90],
    ])
      await append(name, visits.slice(from, to));
    // The last page first: the parts of its rows follow from all rows before.
    const last = await rowsOf({ dataset: name, last: 40 });
    const all = await rowsOf({ dataset: name, first: 90 });
    expect(all.nodes.slice(50)).toEqual(last.nodes);
    expect(all.nodes.map(({ part }: { part: string }) => part.toLowerCase())).toEqual(await opened.partsOf(name));
    const tests = await rowsOf({ dataset: name, filter: { part: { eq: "TEST" } }, first: 90 });
    expect(tests.nodes).toEqual(all.nodes.filter(({ part }: { part: string }) => part === "TEST"));
  });
});

const exportFields = `id state error warnings format sizeBytes digest url keptUntil progress { rows totalRows }
  version { number dataset { name } }`;

describe("an exported version", () => {
  async function exported(input: object) {
    const mutation = `mutation ($input: ExportDatasetInput!) {
      exportDataset(input: $input) { problems { path code message } export { id state url } }
    }`;
    const { exportDataset } = await opened.ask(mutation, { input });
    expect(exportDataset.problems).toEqual([]);
    expect(exportDataset.export.url).toBeNull();
    return ended(exportDataset.export.id);
  }
  const find = async (id: string) =>
    (await opened.ask(`query ($id: ID!) { datasetExport(id: $id) { ${exportFields} } }`, { id })).datasetExport;
  async function ended(id: string) {
    await until(async () => !["QUEUED", "RUNNING"].includes((await find(id)).state));
    return find(id);
  }

  it.each(["PARQUET", "CSV", "NDJSON"])("has the same rows when it is imported again: %s", async (format) => {
    const file = await exported({ dataset: "odd", version: 2, format });
    const lower = format.toLowerCase();
    expect(file).toMatchObject({
      ...{ state: "SUCCEEDED", error: null, format, progress: { rows: 3, totalRows: 3 } },
      version: { number: 2, dataset: { name: "odd" } },
      warnings: format === "PARQUET" ? [expect.stringContaining('"width" is called "width_2"')] : [],
    });
    const response = await fetch(file.url);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get("content-disposition")).toBe(`attachment; filename=odd-2.${lower}`);
    expect({ size: bytes.length, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}` }).toEqual({
      ...{ size: file.sizeBytes, digest: file.digest },
    });
    const name = `odd-from-${lower}`;
    await declare({ name, features: oddFeatures });
    expect(await opened.imported(name, bytes, [])).toMatchObject({ state: "SUCCEEDED", problems: [], warnings: [] });
    // One digest over all rows, however many appends they came in.
    expect(await opened.digestOf(name)).toBe(await opened.digestOf("odd"));
    expect(await opened.rowsOf(name)).toEqual(await opened.rowsOf("odd"));
  });

  it("says how Parquet columns are called, and keeps -0, which is read by others as it is", async () => {
    const features = [
      { name: "x", type: "NUMBER" },
      { name: "y", type: "VECTOR", shape: [1] },
    ];
    await declare({ name: "zeros", features });
    await opened.imported("zeros", Buffer.from("x,y\n-0,[-0]\n0,[1e-7]\n"), []);
    expect(Object.is((await opened.rowsOf("zeros"))[0]?.x, -0)).toBe(true);
    for (const format of ["PARQUET", "CSV", "NDJSON"]) {
      const { url } = await exported({ dataset: "zeros", format });
      const name = `zeros-${format.toLowerCase()}`;
      await declare({ name, features });
      await opened.imported(name, Buffer.from(await (await fetch(url)).arrayBuffer()), []);
      expect({ format, digest: await opened.digestOf(name) }).toEqual({
        format,
        digest: await opened.digestOf("zeros"),
      });
    }
  });

  it("is refused where there is nothing to export", async () => {
    const mutation = `mutation ($input: ExportDatasetInput!) { exportDataset(input: $input) { problems { path code } export { id } } }`;
    const problemsOf = async (input: object) =>
      (await opened.ask(mutation, { input: { format: "CSV", ...input } })).exportDataset.problems;
    await declare({ name: "empty", features: oddFeatures });
    expect(await problemsOf({ dataset: "none" })).toEqual([{ path: "dataset", code: "UNKNOWN_REFERENCE" }]);
    expect(await problemsOf({ dataset: "odd", version: 9 })).toEqual([{ path: "version", code: "UNKNOWN_REFERENCE" }]);
    expect(await problemsOf({ dataset: "empty" })).toEqual([{ path: "dataset", code: "EMPTY" }]);
  });

  it("is kept for a day, and then collected", async () => {
    const { db, store } = opened.platform;
    const { id, url } = await exported({ dataset: "odd", format: "CSV" });
    expect((await reportStorage(db, store)).missingCount).toBe(0);
    await collect({ store, ledger: openLedger(db) });
    expect((await fetch(url)).status).toBe(200);
    await db.query("UPDATE dataset_export SET kept_until = now() - interval '1 second' WHERE id = $1", [id]);
    await collect({ store, ledger: openLedger(db) });
    expect((await fetch(url)).status).toBe(404);
    expect(await find(id)).toMatchObject({ state: "SUCCEEDED", url: null, keptUntil: null });
    const cancel = "mutation ($input: CancelExportInput!) { cancelExport(input: $input) { export { state } } }";
    const { errors } = await opened.post(cancel, { input: { id } });
    expect(errors[0].extensions.code).toBe("ILLEGAL_TRANSITION");
  });
});
