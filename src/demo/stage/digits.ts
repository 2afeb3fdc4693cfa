import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

/** One handwritten digit, as `appendRows` and `predict` take it. */
export interface DigitRow {
  /** 64 brightness sums from 0 (paper) to 16 (ink): an image of 8 by 8, row by row. */
  pixels: number[];
  /** "0" to "9". */
  digit: string;
}

/** The 1,797 rows of `examples/digits/digits.csv.gz`, in the order of the file. */
export async function readDigits(directory: URL): Promise<DigitRow[]> {
  const text = String(await promisify(gunzip)(await readFile(new URL("digits.csv.gz", directory))));
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const values = line.split(",").map(Number);
      return { pixels: values.slice(0, 64), digit: String(values[64]) };
    });
}
