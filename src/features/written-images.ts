import { PlatformError } from "../errors.js";

/** How many channels an image file may have. */
const channelsOfFiles = [1, 3, 4];

/**
 * The pixels of an image as a PNG file in base64, from which the same pixels are decoded; undefined where they are no whole
 * numbers from 0 to 255, or of a number of channels that no file has.
 */
export async function imageFileOf(
  pixels: readonly number[],
  [height = 0, width = 0, channels = 0]: readonly number[],
): Promise<string | undefined> {
  const isByte = (pixel: number) => Number.isInteger(pixel) && pixel >= 0 && pixel <= 255 && !Object.is(pixel, -0);
  if (!channelsOfFiles.includes(channels) || !pixels.every(isByte)) return undefined;
  const { default: sharp } = await import("sharp").catch((cause: unknown) => {
    throw new PlatformError("UNSUPPORTED", "Image files cannot be written on this host.", {}, { cause });
  });
  const raw = { width, height, channels: channels as 1 | 3 | 4 };
  const image = sharp(Uint8Array.from(pixels), { raw });
  const file = await (channels === 1 ? image.toColourspace("b-w") : image).png({ compressionLevel: 6 }).toBuffer();
  return file.toString("base64");
}
