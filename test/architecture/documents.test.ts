import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { errorCatalogue } from "../../src/errors.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string) => readFileSync(path.join(root, file), "utf8");
const below = (folder: string) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" }).map((file) =>
    path.posix.join(folder, file),
  );

const documents = [
  ...["README.md", "ARCHITECTURE.md", "CHANGELOG.md"],
  ...["docs", "docker", "examples", "bench"].flatMap(below).filter((file) => file.endsWith(".md")),
];
const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
const tests = below("test").filter((file) => /\.(test|reliability|webgpu)\.ts$/.test(file));

/** The anchor that GitHub gives a heading. */
const anchor = (heading: string) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
const anchorsOf = (file: string) => [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchor(heading));

/** What is wrong with a relative link; undefined for one that leads somewhere. */
function faultOf(document: string, link: string): string | undefined {
  const [file = "", heading] = link.split("#");
  const target = file === "" ? document : path.posix.join(path.posix.dirname(document), file);
  if (!existsSync(path.join(root, target))) return `${document}: there is no ${target}`;
  if (heading !== undefined && !anchorsOf(target).includes(heading)) return `${document}: ${target} has no #${heading}`;
  return undefined;
}

describe.each(documents)("%s", (document) => {
  const text = read(document);

  it("has links that lead somewhere", () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
    const faults = links.filter((link) => !/^[a-z]+:/.test(link)).map((link) => faultOf(document, link));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });

  it("names npm scripts that exist", () => {
    const named = [...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, script = ""]) => script);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  it("names tests that exist", () => {
    const commands = [...text.matchAll(/vitest run ((?:test\/[\w./-]+ ?)+)/g)];
    const filters = commands.flatMap(([, names = ""]) => names.trim().split(" "));
    expect(filters.filter((filter) => !tests.some((file) => file.includes(filter)))).toEqual([]);
  });

  it("names programs that exist", () => {
    const named = [...text.matchAll(/(?:^|[\s`])(?:node|bash|sh) ((?:bin|bench|docker|dist|test)\/[\w./-]+)/gm)];
    const sources = named.map(([, file = ""]) => file.replace(/^dist\/(.*)\.js$/, "src/$1.ts"));
    expect(sources.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  });
});

describe("the documentation", () => {
  it("has a test or a program for every guarantee", () => {
    const rows = read("docs/guarantees.md")
      .split("\n")
      .filter((line) => line.startsWith("| ") && !line.startsWith("| Claim"));
    expect(rows.length).toBeGreaterThanOrEqual(27);
    for (const row of rows) expect(row).toMatch(/\| `(npx vitest run test\/|npm run )[^|]*\|$/);
  });

  it("has a command for every figure", () => {
    const sections = read("docs/performance.md").split(/^## /m).slice(1);
    expect(sections.length).toBeGreaterThanOrEqual(5);
    for (const section of sections) {
      expect(section).toMatch(/^ {4}(npm run bench:|node bench\/)/m);
      expect(section).toMatch(/Measured on \d{4}-\d\d-\d\d/);
    }
  });

  it("repeats the measured ratios of the training step", () => {
    const { cells } = JSON.parse(read("bench/results/engine.json")) as {
      cells: { net: string; batch: number; threads: number; ratioTorch: number }[];
    };
    const section = read("docs/performance.md").split("## ")[1] ?? "";
    const rows = [...section.matchAll(/^\| (?!Network)([^|]+) \| ([\d. |]+) \|$/gm)];
    const documented = rows.map(([, , numbers = ""]) => numbers.split(" | "));
    const nets = ["mlp", "cnn", "lstm", "wide_and_deep", "transformer"];
    const measured = nets.map((net) =>
      [1, 2].flatMap((threads) =>
        [16, 32, 64, 128].map((batch) => {
          const cell = cells.find((each) => each.net === net && each.batch === batch && each.threads === threads);
          return cell?.ratioTorch.toFixed(2);
        }),
      ),
    );
    expect(documented).toEqual(measured);
  });

  it("lists every error code, with the meaning that the code gives it", () => {
    const rows = [...read("docs/api.md").matchAll(/^\| `([A-Z_]+)` \| (.+) \|$/gm)];
    expect(Object.fromEntries(rows.map(([, code, meaning]) => [code, meaning]))).toEqual(errorCatalogue);
  });

  it("lists every setting", () => {
    const names = (file: string, pattern: RegExp) =>
      [...read(file).matchAll(pattern)].map(([, name, other]) => name ?? other).sort();
    const documented = names("docs/operating.md", /^\| `([A-Z][A-Z0-9_]+)` \|/gm);
    const settings = names("src/programs/config.ts", /\(\s*env,\s*"([A-Z0-9_]+)"|env\.([A-Z0-9_]+)/g);
    expect(documented).toEqual(settings);
  });
});
