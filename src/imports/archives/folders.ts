import { createHash } from "node:crypto";
import { type SplitPart, splitParts } from "../../language/datasets/dataset.js";
import { count, listed, shown } from "../../language/fields/wording.js";
import type { ArchiveFile } from "./archive.js";
import { counted } from "./listing.js";

/** A file as a row: what its folders say about it. */
export interface FiledRow {
  file: ArchiveFile;
  /** The folder of its class; null where the archive has no folders. */
  label: string | null;
  part: SplitPart | null;
}

export interface Filing {
  rows: FiledRow[];
  /** How the labels were found; undefined where there are none. */
  labels: string | undefined;
  /** How the parts of the split were found; undefined where there are none. */
  parts: string | undefined;
  notes: string[];
}

const folderNames: Record<SplitPart, readonly string[]> = {
  train: ["train", "training"],
  validation: ["validation", "valid", "val", "dev"],
  test: ["test", "testing"],
};

/** The share of the training files that a part gets for which there is no folder. */
const lackingShare = 0.1;

/**
 * Reads what the folders of files say: the part of the split (`train/`, `validation/`, `test/`), and below it the class.
 * Folders that all files share say nothing.
 */
export function fileByFolders(files: readonly ArchiveFile[]): Filing {
  const notes: string[] = [];
  const shared = sharedFolders(files.map(({ name }) => name));
  const folders = files.map(({ name }) => name.split("/").slice(shared, -1));
  const found = partsOf(folders);
  const below = found ? folders.map((names) => names.slice(1)) : folders;
  const hasLabels = below.some((names) => names.length > 0);
  let rows = files.map((file, index): FiledRow => {
    return { file, label: below[index]?.[0] ?? null, part: found?.[index] ?? null };
  });
  const outside = hasLabels ? rows.filter(({ label }) => label === null) : [];
  if (outside.length > 0) {
    const [first] = outside;
    const files = counted(outside.length, "file lies", "files lie");
    notes.push(`${files} in no folder of a class and are left out, such as ${shown(first?.file.name)}.`);
    rows = rows.filter(({ label }) => label !== null);
  }
  const labels = new Set(rows.flatMap(({ label }) => label ?? []));
  const twins = twinsIn(labels);
  if (twins) notes.push(`the folders ${listed(twins)} differ in case alone; they are different classes.`);
  const parts = found && assignParts(rows);
  return {
    ...{ rows, notes, parts },
    labels: hasLabels
      ? `The folders that the files are in: ${count(labels.size)} different ${labels.size === 1 ? "one" : "ones"}.`
      : undefined,
  };
}

/** How many folders all files share; one that holds most of them directly is left, for it may be their class. */
function sharedFolders(names: readonly string[]): number {
  const paths = names.map((name) => name.split("/").slice(0, -1));
  const [first = []] = paths;
  for (const [depth, folder] of first.entries()) {
    const isShared = paths.every((path) => path[depth] === folder);
    const deeper = paths.filter((path) => path.length > depth + 1).length;
    if (!isShared || 2 * deeper < paths.length || partOf(folder)) return depth;
  }
  return first.length;
}

function partOf(folder: string): SplitPart | undefined {
  return splitParts.find((part) => folderNames[part].includes(folder.toLowerCase()));
}

/** The part of each file, where the first folders are those of a split. */
function partsOf(folders: readonly string[][]): SplitPart[] | undefined {
  const parts = folders.map(([first = ""]) => partOf(first));
  return parts.every((part) => part !== undefined) ? (parts as SplitPart[]) : undefined;
}

/** Gives parts without files a share of the training files, by a hash of their names; answers what was done. */
function assignParts(rows: readonly FiledRow[]): string {
  const present = new Set(rows.map(({ part }) => part));
  const lacking = present.has("train") ? splitParts.filter((part) => !present.has(part)) : [];
  for (const row of rows) {
    if (row.part !== "train") continue;
    const place = createHash("sha256").update(row.file.name).digest().readUInt32BE(0) / 2 ** 32;
    row.part = lacking[Math.floor(place / lackingShare)] ?? "train";
  }
  const folders = "The folders that the files are in";
  if (lacking.length === 0) return `${folders}.`;
  return `${folders}; none is for ${listed(lacking)}, which ${lacking.length === 1 ? "gets" : "get"} a tenth of the training files${lacking.length === 1 ? "" : " each"}.`;
}

function twinsIn(labels: Iterable<string>): [string, string] | undefined {
  const lower = new Map<string, string>();
  for (const label of labels) {
    const twin = lower.get(label.toLowerCase());
    if (twin !== undefined) return [twin, label];
    lower.set(label.toLowerCase(), label);
  }
  return undefined;
}
