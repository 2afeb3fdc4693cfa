/** A feature of every type, with odd names and holes. */
export const oddFeatures = [
  { name: "a.b", type: "NUMBER", nullable: true },
  { name: "größe", type: "CATEGORY", nullable: true },
  { name: "Width", type: "BINARY" },
  { name: "width", type: "TEXT", nullable: true },
  { name: "__proto__", type: "TIMESTAMP", nullable: true },
  { name: "kind", type: "CATEGORY", categories: ["b", "a"] },
  { name: 'the "vector"', type: "VECTOR", shape: [2], nullable: true },
  { name: "grey", type: "IMAGE", shape: [1, 2, 1] },
  { name: "odd, really", type: "IMAGE", shape: [1, 1, 2], nullable: true },
  { name: "numbers", type: "SEQUENCE", nullable: true },
  { name: "points", type: "SEQUENCE", shape: [2] },
  { name: "words", type: "SEQUENCE", categories: ["x", "y,z"] },
];

const row = (...values: unknown[]): Record<string, unknown> =>
  Object.fromEntries(oddFeatures.map(({ name }, index) => [name, values[index]]));

/** Rows of `oddFeatures`: texts that look like missing values and like other columns, numbers at the edges of floats. */
export const oddRows = [
  row(
    ...[-0.1, "NA", true, 'say "hi",\nthen; go', "2020-02-29T12:00:00.123Z", "a"],
    ...[
      [1.5, -2],
      [0, 255],
      [1, 2],
    ],
    ...[
      [1, 2.5],
      [
        [1, 2],
        [3, 4],
      ],
      ["y,z", "x"],
    ],
  ),
  row(null, null, false, null, null, "b", null, [7, 8], null, null, [], []),
  row(
    ...[1e21, "null", false, "", "0001-01-01T00:00:00.000Z", "b"],
    ...[[0, 5e-324], [7, 8], [0.5, -1], [], [[0.1, -5]], ["x"]],
  ),
];
