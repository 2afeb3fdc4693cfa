const side = 8;
const shades = " ░▒▓█";
const brightest = 16;

/** Columns that one drawing takes. */
export const artWidth = 2 * (side - 1);

/** Draws an image of 8 by 8 in eight lines, each pixel two characters wide since characters are tall. */
export function drawDigit(pixels: readonly number[]): string[] {
  return Array.from({ length: side }, (_, y) => {
    // No digit of this data reaches into the first column, and five drawings beside each other need the room.
    const row = pixels.slice(y * side + 1, (y + 1) * side);
    return row.map((value) => shadeOf(value).repeat(2)).join("");
  });
}

const shadeOf = (value: number) => shades[Math.round((value / brightest) * (shades.length - 1))] ?? " ";
