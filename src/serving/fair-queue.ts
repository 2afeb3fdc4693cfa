/**
 * Items in the order in which they get a turn: one of each owner after another, and of one owner the first that came. So
 * an owner with a thousand items holds up the others by one item at a time.
 */
export class FairQueue<Owner, Item> {
  /** By owner, in the order of their turns; none is empty. */
  private readonly lines = new Map<Owner, Item[]>();
  private count = 0;
  /** Whose turn the last one was. */
  private last: Owner | undefined;

  get size(): number {
    return this.count;
  }

  /** The owner that has the most items here; of equals the one whose turn comes first. */
  get longest(): Owner | undefined {
    let longest: { owner: Owner; length: number } | undefined;
    for (const [owner, { length }] of this.lines) if (length > (longest?.length ?? 0)) longest = { owner, length };
    return longest?.owner;
  }

  /** How many items of the owner are here. */
  lengthOf(owner: Owner): number {
    return this.lines.get(owner)?.length ?? 0;
  }

  push(owner: Owner, item: Item): void {
    const line = this.lines.get(owner);
    if (line) line.push(item);
    else this.lines.set(owner, [item]);
    this.count++;
  }

  /** Puts an item back that has been taken: it is the next of all. */
  putBack(owner: Owner, item: Item): void {
    const line = [item, ...(this.lines.get(owner) ?? [])];
    this.lines.delete(owner);
    const others = [...this.lines];
    this.lines.clear();
    this.last = undefined;
    this.lines.set(owner, line);
    for (const [other, items] of others) this.lines.set(other, items);
    this.count++;
  }

  /** Takes the item whose turn it is. */
  shift(): Item | undefined {
    for (const [owner, line] of this.lines) {
      if (owner === this.last && this.lines.size > 1) {
        // It came back while nobody else was here: those who have come since go first.
        this.last = undefined;
        this.lines.delete(owner);
        this.lines.set(owner, line);
        continue;
      }
      this.last = owner;
      const item = line.shift();
      this.lines.delete(owner);
      // To the end: its next turn comes after everyone else's.
      if (line.length > 0) this.lines.set(owner, line);
      this.count--;
      return item;
    }
    return undefined;
  }

  /** Takes the item of the owner that came last. */
  pop(owner: Owner): Item | undefined {
    const item = this.lines.get(owner)?.at(-1);
    if (item !== undefined) this.remove(owner, item);
    return item;
  }

  /** Takes an item out of its turn; answers whether it was there. */
  remove(owner: Owner, item: Item): boolean {
    const line = this.lines.get(owner);
    const index = line?.lastIndexOf(item) ?? -1;
    if (!line || index < 0) return false;
    line.splice(index, 1);
    if (line.length === 0) this.lines.delete(owner);
    this.count--;
    return true;
  }
}
