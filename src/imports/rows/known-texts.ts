/** Texts that are remembered, and the bytes of all of them. Columns of categories repeat themselves; others forget nothing by it. */
const mostTexts = 2 ** 16;
const mostBytes = 2 ** 22;

/** Numbers by the bytes of the texts that spell them, so that a text that comes again needs no string. */
export class KnownTexts {
  /** Places in `#numbers`, from 1; 0 where a slot is free. */
  #slots = new Uint32Array(64);
  #numbers = new Float64Array(32);
  #ends = new Uint32Array(33);
  #bytes = Buffer.alloc(256);
  #count = 0;

  /** The number of a text; undefined for one that is not known. */
  find(bytes: Buffer, start: number, end: number): number | undefined {
    const place = this.#slots[this.#slotOf(bytes, start, end)] as number;
    return place === 0 ? undefined : this.#numbers[place - 1];
  }

  /** Remembers a text that is not known, unless there are too many. */
  add(bytes: Buffer, start: number, end: number, number: number): void {
    const first = this.#ends[this.#count] as number;
    if (this.#count === mostTexts || first + end - start > mostBytes) return;
    if (this.#count === this.#numbers.length) this.#grow();
    if (first + end - start > this.#bytes.length)
      this.#bytes = Buffer.concat([this.#bytes], Math.max(2 * this.#bytes.length, first + end - start));
    bytes.copy(this.#bytes, first, start, end);
    this.#numbers[this.#count] = number;
    this.#ends[this.#count + 1] = first + end - start;
    this.#slots[this.#slotOf(bytes, start, end)] = ++this.#count;
  }

  /** The slot of a text, or the free one where it would lie. At most half of them are taken. */
  #slotOf(bytes: Buffer, start: number, end: number): number {
    const [slots, ends, known] = [this.#slots, this.#ends, this.#bytes];
    const mask = slots.length - 1;
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const place = slots[slot] as number;
      let at = ends[place - 1] as number;
      if ((ends[place] as number) - at !== end - start) continue;
      let other = start;
      while (other < end && bytes[other] === known[at]) {
        other++;
        at++;
      }
      if (other === end) break;
    }
    return slot;
  }

  #grow(): void {
    const ends = this.#ends;
    this.#numbers = resized(new Float64Array(2 * this.#numbers.length), this.#numbers);
    this.#ends = resized(new Uint32Array(2 * ends.length - 1), ends);
    this.#slots = new Uint32Array(4 * this.#count);
    for (let place = 1; place <= this.#count; place++)
      this.#slots[this.#slotOf(this.#bytes, ends[place - 1] as number, ends[place] as number)] = place;
  }
}

function resized<List extends Float64Array | Uint32Array>(larger: List, smaller: List): List {
  larger.set(smaller);
  return larger;
}
