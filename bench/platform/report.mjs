const shown = (value) =>
  typeof value !== "number"
    ? String(value)
    : Number.isInteger(value) || Math.abs(value) >= 1_000
      ? Math.round(value).toLocaleString("en-US")
      : value.toPrecision(3);

const cells = ({ name, value, unit, goal, holds }) => [
  name,
  `${shown(value)} ${unit}`.trim(),
  goal === undefined ? "" : String(goal),
  goal === undefined ? "" : holds ? "yes" : "NO",
];

/** The results of a section for a terminal. */
export function table(results) {
  const rows = [["", "measured", "goal", "holds"], ...results.map(cells)];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column])).join("   ")}`.trimEnd())
    .join("\n");
}

/** All sections as a page. */
export function markdown({ date, machine, sections }) {
  const memory = `${Math.round(machine.memoryBytes / 2 ** 30)} GiB`;
  const lines = [
    "# What the platform bears",
    "",
    `\`npm run bench:platform\`, ${date.slice(0, 10)}, on ${machine.processor}, ${machine.cores} cores, ${memory}, ${machine.system}, ` +
      `Node ${machine.versions.node}, PostgreSQL ${machine.versions.postgres}; load average before ${machine.loadAverage.toFixed(1)}. ` +
      "Everything on loopback: server, clients and database share these cores.",
  ];
  for (const { title, results, error } of sections) {
    lines.push("", `## ${title}`, "");
    if (error) lines.push(`Failed: ${error}`);
    else
      lines.push(
        "| | measured | goal | holds |",
        "|---|---|---|---|",
        ...results.map((result) => `| ${cells(result).join(" | ")} |`),
      );
  }
  return `${lines.join("\n")}\n`;
}
