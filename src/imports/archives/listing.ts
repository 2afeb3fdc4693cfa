import { validateFileName } from "yauzl";
import { count, listed, shown } from "../../language/fields/wording.js";
import { Unreadable } from "../files/unreadable.js";
import type { ArchiveFile } from "./archive.js";
import { archiveLimits } from "./limits.js";

/** What an archive says about one of its entries. */
export interface ListedEntry {
  name: string;
  kind: "FILE" | "DIRECTORY" | "LINK" | "DEVICE";
  sizeBytes: number;
}

const hiddenNames = new Set(["__macosx", "thumbs.db", "desktop.ini"]);
const isHidden = (name: string) =>
  name.split("/").some((part) => part.startsWith(".") || hiddenNames.has(part.toLowerCase()));

/** Checks the entries of an archive one by one, and lists its files. */
export class EntryListing {
  readonly files: ArchiveFile[] = [];
  readonly #names = new Set<string>();
  readonly #lower = new Map<string, string>();
  readonly #folders = new Set<string>();
  readonly #filled = new Set<string>();
  #entries = 0;
  #unpacked = 0;
  #hidden: string[] = [];
  #twins: [string, string] | undefined;

  /** @param packedBytes of the archive. */
  constructor(private readonly packedBytes: number) {}

  /**
   * Takes an entry; answers its file, or undefined where it is none or a hidden one.
   *
   * @throws Unreadable where it is not safe, twice there, or one too many.
   */
  add({ name: given, kind, sizeBytes }: ListedEntry): ArchiveFile | undefined {
    this.#entries++;
    assertEntries(this.#entries);
    const name = plainName(given);
    if (kind === "LINK") throw refused(name, "is a link: pack the file itself.");
    if (kind === "DEVICE") throw refused(name, "is no plain file.");
    this.#unpacked += sizeBytes;
    this.assertNoBomb(this.#unpacked, name);
    if (name === "") return undefined;
    if (isHidden(name)) {
      this.#hidden.push(name);
      return undefined;
    }
    if (kind === "DIRECTORY") {
      this.#folders.add(name);
      return undefined;
    }
    if (this.#names.has(name)) throw refused(name, "is there twice, at least by how its name looks.", "DUPLICATE");
    this.#names.add(name);
    const twin = this.#lower.get(name.toLowerCase());
    if (twin === undefined) this.#lower.set(name.toLowerCase(), name);
    else this.#twins ??= [twin, name];
    for (let end = name.lastIndexOf("/"); end > 0; end = name.lastIndexOf("/", end - 1)) {
      const folder = name.slice(0, end);
      if (this.#filled.has(folder)) break;
      this.#filled.add(folder);
    }
    const file = { name, sizeBytes };
    this.files.push(file);
    return file;
  }

  /** @throws Unreadable where unpacking has made more bytes than any archive worth reading would. */
  assertNoBomb(unpackedBytes: number, name: string): void {
    const { ratio, ratioFromBytes, unpackedBytes: most } = archiveLimits;
    if (unpackedBytes > most)
      throw refused(name, `is too much: unpacked, the archive is larger than ${most / 2 ** 30} GiB.`, "TOO_LONG");
    if (unpackedBytes > Math.max(ratioFromBytes, ratio * this.packedBytes))
      throw refused(name, `is too much: unpacked, the archive is more than ${ratio} times as large.`, "TOO_LONG");
  }

  /** What its owner should know. */
  notes(): string[] {
    const notes: string[] = [];
    const [hidden] = this.#hidden;
    if (hidden !== undefined)
      notes.push(`${counted(this.#hidden.length, "hidden file is", "hidden files are")} ignored, such as ${hidden}.`);
    if (this.#twins) {
      const [one, other] = this.#twins;
      notes.push(`names differ in case alone, such as ${one} and ${other}; they are different files.`);
    }
    const empty = [...this.#folders].filter((folder) => !this.#filled.has(folder));
    if (empty.length > 0)
      notes.push(`${counted(empty.length, "folder has", "folders have")} no files: ${listed(empty)}.`);
    return notes;
  }
}

/** @throws Unreadable for an archive of too many entries. */
export function assertEntries(entries: number): void {
  if (entries <= archiveLimits.entries) return;
  const most = count(archiveLimits.entries);
  throw new Unreadable(`the archive has more than ${most} entries; at most so many are read.`, "TOO_LONG");
}

/** `1 file is`, `2 files are`. */
export function counted(number: number, one: string, several: string): string {
  return `${count(number)} ${number === 1 ? one : several}`;
}

/** Why an archive is not read, naming the entry that is at fault. */
export function refused(name: string, message: string, code?: ConstructorParameters<typeof Unreadable>[1]): Unreadable {
  return new Unreadable(`the archive's entry ${shown(name)} ${message}`, code, null, name.slice(0, 200));
}

/** @throws Unreadable for a name that leads out of the archive, or that is no name. */
function plainName(given: string): string {
  if (given.length > archiveLimits.nameLength)
    throw refused(given, `has a name of more than ${count(archiveLimits.nameLength)} characters.`, "TOO_LONG");
  const name = given
    .normalize("NFC")
    .replace(/^(\.\/+)+/, "")
    .replaceAll(/\/{2,}/g, "/")
    .replaceAll(/\/(\.\/)+/g, "/");
  if (validateFileName(given) !== null || validateFileName(name) !== null)
    throw refused(given, "leads outside of the archive, or has a name that is none.", "BAD_NAME");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused.
  if (/[\u0000-\u001f\u007f]/.test(name) || /\p{Surrogate}/u.test(name))
    throw refused(given, "has control characters in its name.", "BAD_NAME");
  return name === "." ? "" : name.replace(/\/+$/, "");
}
