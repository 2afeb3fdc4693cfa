import { ownerOf } from "../storage/keys.js";
import type { ListedObject, ObjectStore } from "../storage/object-store.js";
import { judge, type Verdict } from "./judgement.js";
import type { Ledger } from "./ledger.js";

/** How many objects are judged together; no more are held in memory. */
const pageSize = 500;

export interface JudgedObject extends ListedObject {
  verdict: Verdict;
}

/**
 * Every object of a store with the verdict about it, page by page in the order of their keys. The database is read after the
 * page was listed: what it then says of an object stays true of it.
 * @param foresee see `Ledger.facts`.
 */
export async function* scan(
  store: Pick<ObjectStore, "list">,
  ledger: Pick<Ledger, "facts">,
  { foresee }: { foresee: boolean },
): AsyncGenerator<JudgedObject[]> {
  const judged = async (page: ListedObject[]): Promise<JudgedObject[]> => {
    const facts = await ledger.facts(
      page.map(({ key }) => key),
      foresee,
    );
    return page.flatMap((object, index) => {
      const about = facts[index];
      return about ? [{ ...object, verdict: judge(ownerOf(object.key), about) }] : [];
    });
  };
  let page: ListedObject[] = [];
  for await (const object of store.list("")) {
    page.push(object);
    if (page.length < pageSize) continue;
    yield await judged(page);
    page = [];
  }
  if (page.length > 0) yield await judged(page);
}

/** Counts some of many, and keeps the first few for show. */
export class Tally {
  count = 0;
  bytes = 0;
  readonly examples: string[] = [];
  constructor(private readonly shown: number) {}

  add({ key, sizeBytes }: ListedObject, text = key): void {
    this.count++;
    this.bytes += sizeBytes;
    if (this.examples.length < this.shown) this.examples.push(text);
  }
}

/** Why nothing may be deleted, in words; undefined where nothing stands against it. */
export function describeUnknown(objects: Tally, marks: readonly string[]): string | undefined {
  const seen = [
    ...(objects.count > 0
      ? [
          `${objects.count} ${objects.count === 1 ? "object" : "objects"}: ${objects.examples.join("; ")}${objects.count > objects.examples.length ? "; …" : ""}`,
        ]
      : []),
    ...(marks.length > 0 ? [`the mark ${marks.join(", ")} of a newer database`] : []),
  ];
  if (seen.length === 0) return undefined;
  return `the object store has objects that this database does not know, as after a restore from a backup: ${seen.join(", and ")}. Restore the newer database; or, to delete everything that is newer than the backup, collect with \`acceptLoss: true\``;
}
