/**
 * A queue in which owners take turns: one item of each owner after another, and the items of an owner in the order in which
 * they came. So an owner with a thousand items delays the others by one item at a time.
 */
export class FairQueue<Owner, Item> {
  /** The items of each owner, in the order of turns. No list is empty. */
  private readonly lines = new Map<Owner, Item[]>();
  private count = 0;
  /** The owner of the last item that was taken. */
  private last: Owner | undefined;

  get size(): number {
    return this.count;
  }

  /** The owner with the most items; among equals the one whose turn comes first. */
  get longest(): Owner | undefined {
    let longest: { owner: Owner; length: number } | undefined;
    for (const [owner, { length }] of this.lines) if (length > (longest?.length ?? 0)) longest = { owner, length };
    return longest?.owner;
  }

  /** How many items of the owner wait. */
  lengthOf(owner: Owner): number {
    return this.lines.get(owner)?.length ?? 0;
  }

  push(owner: Owner, item: Item): void {
    const line = this.lines.get(owner);
    if (line) line.push(item);
    else this.lines.set(owner, [item]);
    this.count++;
  }

  /** Puts a taken item back, at the head of the queue. */
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

  /** Takes the next item. */
  shift(): Item | undefined {
    for (const [owner, line] of this.lines) {
      if (owner === this.last && this.lines.size > 1) {
        // This owner had the last turn and was the only one then: owners that came since go first.
        this.last = undefined;
        this.lines.delete(owner);
        this.lines.set(owner, line);
        continue;
      }
      this.last = owner;
      const item = line.shift();
      this.lines.delete(owner);
      // Its next turn comes after those of all others.
      if (line.length > 0) this.lines.set(owner, line);
      this.count--;
      return item;
    }
    return undefined;
  }

  /** Takes the newest item of the owner. */
  pop(owner: Owner): Item | undefined {
    const item = this.lines.get(owner)?.at(-1);
    if (item !== undefined) this.remove(owner, item);
    return item;
  }

  /** Removes an item; answers whether it was waiting. */
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
