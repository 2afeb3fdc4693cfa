import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, openApi } from "./api.js";

let api: Api;
beforeAll(async () => {
  api = await openApi();
  const features = Array.from({ length: 21 }, (_, index) => ({ name: `c${index}`, type: "CATEGORY" }));
  const input = {
    name: "wide",
    features: [...features, { name: "kind", type: "CATEGORY", categories: ["a", "b", "c"] }],
  };
  await api.ask("mutation ($input: DeclareDatasetInput!) { declareDataset(input: $input) { changed } }", { input });
  // As if rows had brought them.
  const { db } = api.platform;
  const [{ id }] = (await db.query("SELECT id FROM dataset WHERE name = 'wide'")) as [{ id: string }];
  const counts = Object.fromEntries(features.map(({ name }) => [name, 12_345]));
  await db.query(
    `INSERT INTO dataset_version (id, dataset_id, number, row_count, added_row_count, split_counts, digest, category_counts)
     VALUES ('rows_00000000-0000-0000-0000-000000000001', $1, 1, 9, 9, '{"train":9,"validation":0,"test":0}', '', $2)`,
    [id, JSON.stringify(counts)],
  );
  await db.query(
    "INSERT INTO dataset_category SELECT $1, 'c0', code, 'category ' || code FROM generate_series(0, 12344) AS code",
    [id],
  );
});
afterAll(async () => {
  await api?.close();
});

const ask = async (selection: string) => {
  const { data, errors } = await api.ask(`{ dataset(name: "wide") { features { name ${selection} } } }`);
  return { features: data?.dataset?.features ?? [], codes: (errors ?? []).map(({ extensions }) => extensions?.code) };
};

describe("categories in the API", () => {
  it("are counted whole, and those that a dataset keeps are told apart from declared ones", async () => {
    const { features } = await ask("hasOpenCategories categoryCount");
    expect(features[0]).toEqual({ name: "c0", hasOpenCategories: true, categoryCount: 12_345 });
    expect(features[21]).toEqual({ name: "kind", hasOpenCategories: false, categoryCount: 3 });
  });

  it("come in pages from both ends, declared ones as well", async () => {
    const page = (args: string) =>
      ask(
        `categoryList(${args}) { nodes { code value } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`,
      );
    const [first, , last] = [(await page("first: 2")).features, 0, (await page("last: 2")).features];
    expect(first[0].categoryList.nodes).toEqual([
      { code: 0, value: "category 0" },
      { code: 1, value: "category 1" },
    ]);
    expect(first[0].categoryList).toMatchObject({
      totalCount: 12_345,
      pageInfo: { hasNextPage: true, hasPreviousPage: false },
    });
    const next = await page(`first: 1, after: "${first[0].categoryList.pageInfo.endCursor}"`);
    expect(next.features[0].categoryList.nodes).toEqual([{ code: 2, value: "category 2" }]);
    expect(last[0].categoryList.nodes.at(-1)).toEqual({ code: 12_344, value: "category 12344" });
    expect(last[0].categoryList.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    expect(last[21].categoryList.nodes).toEqual([
      { code: 1, value: "b" },
      { code: 2, value: "c" },
    ]);
    expect((await page('first: 1, after: "abc"')).codes).toContain("BAD_CURSOR");
  });

  it("are listed up to 10,000 of a feature and 200,000 of an operation", async () => {
    const { codes } = await ask("categories");
    expect(new Set(codes)).toEqual(new Set(["LIMIT_EXCEEDED"]));
    await api.platform.db.query(
      `UPDATE dataset_version SET category_counts = '{"c0":12345}' WHERE id = 'rows_00000000-0000-0000-0000-000000000001'`,
    );
    const { features } = await ask("categories");
    expect(features[0].categories).toHaveLength(10_000);
    expect(features[0].categories[9_999]).toBe("category 9999");
    expect(features[1].categories).toEqual([]);
  });
});
