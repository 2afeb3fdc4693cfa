import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const sources = readdirSync(path.join(root, "src"), { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);

/** The rooms that each room may import, as ARCHITECTURE.md says. */
function readTable(): Map<string, Set<string>> {
  const text = readFileSync(path.join(root, "ARCHITECTURE.md"), "utf8");
  const section = text.slice(text.indexOf("### Import table"), text.indexOf("## A run's life"));
  const rows = [...section.matchAll(/^\| `(\w+)` \|(.*)\|$/gm)];
  return new Map(
    rows.map(([, room = "", cell = ""]) => [room, new Set([...cell.matchAll(/`(\w+)`/g)].map((m) => m[1] ?? ""))]),
  );
}

/** Room of a file below `src/`; undefined for the files directly in it. */
const roomOf = (file: string) => (file.includes(path.sep) ? file.split(path.sep)[0] : undefined);

function importsOf(file: string): string[] {
  const text = readFileSync(path.join(root, "src", file), "utf8");
  const specifiers = [...text.matchAll(/(?:from|import|import\()\s*"(\.[^"]+)"/g)].map((match) => match[1] ?? "");
  return specifiers.map((specifier) => path.normalize(path.join(path.dirname(file), specifier)));
}

const moduleOf = (imported: string) => imported.replace(/\.js$/, ".ts");
const known = new Set(sources);
/** The files that each file imports. */
const imports = new Map(
  sources.map((file) => [
    file,
    importsOf(file)
      .map(moduleOf)
      .filter((imported) => known.has(imported)),
  ]),
);

/** The folders that the files of each folder import. The files directly in a room are a folder of their own. */
function folderImports(): Map<string, string[]> {
  const folders = new Map<string, Set<string>>();
  for (const [file, imported] of imports) {
    const folder = path.dirname(file);
    const others = folders.get(folder) ?? new Set();
    for (const other of imported) if (path.dirname(other) !== folder) others.add(path.dirname(other));
    folders.set(folder, others);
  }
  return new Map([...folders].map(([folder, others]) => [folder, [...others]]));
}

/** One circle for each arrow that leads back, such as `a > b > a`. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (name: string, above: string[]) => {
    const start = above.indexOf(name);
    if (start >= 0) found.push([...above.slice(start), name].join(" > "));
    if (start >= 0 || done.has(name)) return;
    for (const imported of graph.get(name) ?? []) visit(imported, [...above, name]);
    done.add(name);
  };
  for (const name of graph.keys()) visit(name, []);
  return found;
}

const table = readTable();

describe("the import table of ARCHITECTURE.md", () => {
  it("names every room of src/, and no other", () => {
    const rooms = new Set(sources.map(roomOf).filter((room) => room !== undefined));
    expect([...table.keys()].sort()).toEqual([...rooms].sort());
  });

  it("has no cycle", () => {
    const done = new Set<string>();
    const visit = (room: string, above: string[]) => {
      expect(above).not.toContain(room);
      if (done.has(room)) return;
      for (const imported of table.get(room) ?? []) visit(imported, [...above, room]);
      done.add(room);
    };
    for (const room of table.keys()) visit(room, []);
  });

  it("holds for every import", () => {
    const forbidden: string[] = [];
    for (const file of sources) {
      const room = roomOf(file);
      if (room === undefined || room === "programs") continue;
      for (const imported of importsOf(file)) {
        const other = roomOf(imported);
        const allowed =
          other === undefined
            ? ["errors.js", "event-loop.js", "failpoint.js", "guarded.js", "logger.js"].includes(imported)
            : other === room || (table.get(room)?.has(other) ?? false);
        if (!allowed) forbidden.push(`${file} imports ${imported}`);
      }
    }
    expect(forbidden).toEqual([]);
  });

  it("lets the worker see nothing of the trainer but its protocol", () => {
    const seen = sources.filter((file) => roomOf(file) === "worker").flatMap(importsOf);
    expect(new Set(seen.filter((file) => roomOf(file) === "trainer"))).toEqual(new Set(["trainer/protocol.js"]));
  });
});

/** The files that are loaded with a program at its start, without what is imported as a type alone. */
function loadedWith(program: string): string[] {
  const loaded = new Set([program]);
  for (const file of loaded) {
    const text = readFileSync(path.join(root, "src", file), "utf8");
    for (const [, clause = "", specifier = ""] of text.matchAll(/^(?:import|export) ([^;]*?)from "(\.[^"]+)"/gms))
      if (!clause.startsWith("type ")) loaded.add(moduleOf(path.normalize(path.join(path.dirname(file), specifier))));
  }
  return [...loaded];
}

const numerical = /^import (?!type ).*from "@tensorflow\//m;
const loadsNumericalCode = (file: string) => numerical.test(readFileSync(path.join(root, "src", file), "utf8"));

describe("the start", () => {
  it.each(["server", "worker"])("of the %s loads no numerical code", (program) => {
    expect(loadedWith(`programs/${program}.ts`).filter(loadsNumericalCode)).toEqual([]);
  });

  it("of the trainer is found to load some", () => {
    expect(loadedWith("programs/trainer.ts").some(loadsNumericalCode)).toBe(true);
  });
});

describe("imports", () => {
  it("lead in no circle from file to file", () => {
    expect(circles(imports)).toEqual([]);
  });

  it("lead in no circle from folder to folder", () => {
    expect(circles(folderImports())).toEqual([]);
  });

  it("would be found to lead in a circle", () => {
    const graph = new Map([
      ["a", ["b", "c"]],
      ["b", ["c"]],
      ["c", ["d"]],
      ["d", ["b"]],
    ]);
    expect(circles(graph)).toEqual(["b > c > d > b"]);
  });
});
