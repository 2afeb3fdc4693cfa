import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../../src/", import.meta.url));

/** A limit in the code. */
export interface ExportedLimit {
  value: number;
  /** Such as `src/transport/operation-limits.ts`. */
  file: string;
}

/**
 * Every limit of the code, by its name in `docs/limits.md`. A limit is a number in an exported object whose name is `limits`
 * or ends in `Limits`, in any file: `export const operationLimits = { maxDepth: 15 } as const` makes `operation.maxDepth`.
 * Those of `language/fields/limits.ts` begin with `language`.
 */
export async function exportedLimits(): Promise<Map<string, ExportedLimit>> {
  const found = new Map<string, ExportedLimit>();
  for (const relative of readdirSync(source, { recursive: true, encoding: "utf8" }).sort()) {
    if (!relative.endsWith(".ts")) continue;
    const text = readFileSync(path.join(source, relative), "utf8");
    const names = [...text.matchAll(/^export const (limits|\w+Limits)\b/gm)].map(([, name = ""]) => name);
    if (names.length === 0) continue;
    const module = (await import(/* @vite-ignore */ path.join(source, relative))) as Record<string, object>;
    for (const name of names) {
      const group = name === "limits" ? (relative.split(path.sep)[0] ?? "") : name.replace(/Limits$/, "");
      for (const [key, value] of Object.entries(module[name] ?? {})) {
        const limit = `${group}.${key}`;
        if (found.has(limit)) throw new Error(`${limit} is in ${found.get(limit)?.file} and in src/${relative}`);
        if (typeof value !== "number") throw new Error(`${limit} of src/${relative} is not a number`);
        found.set(limit, { value, file: `src/${relative}` });
      }
    }
  }
  return found;
}

/** A row of `docs/limits.md`. */
export interface DocumentedLimit {
  name: string;
  value: number;
  settings: string[];
  /** Codes of problems and errors, statuses of HTTP and codes with which a socket is closed. */
  codes: string[];
}

export function documentedLimits(): DocumentedLimit[] {
  const text = readFileSync(new URL("../../docs/limits.md", import.meta.url), "utf8");
  const words = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);
  return [...text.matchAll(/^\| `([\w.]+)` \| ([\d.,]+) \|([^|]*)\|([^|]*)\|[^|]+\|$/gm)].map(
    ([, name = "", value = "", settings, codes]) => ({
      ...{ name, value: Number(value.replaceAll(",", "")), settings: words(settings), codes: words(codes) },
    }),
  );
}
