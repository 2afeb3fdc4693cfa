import type { Metadata, Sharp } from "sharp";
import { PlatformError } from "../errors.js";
import type { Feature } from "../language/datasets/dataset.js";
import { describedType } from "../language/datasets/feature-types.js";
import { limits } from "../language/fields/limits.js";
import { count, shown, shownShape } from "../language/fields/wording.js";
import type { ValueFault } from "./rows.js";
import type { Pixels } from "./types/vector.js";

export type ImageFeature = Pick<Feature, "name" | "type" | "shape" | "resize">;

/** Rows in which every image file has been decoded, and what is wrong with those that could not be. */
export interface DecodedRows {
  /** The given rows themselves where they hold no files. */
  rows: unknown;
  faultOf(row: number, feature: string): ValueFault | undefined;
  /** What the request may still decode. */
  left: ImageBudget;
  /** Gives back the share of memory that the pixels take. */
  release(): void;
}

/** What the image files of one request may still take. A request that is decoded in parts passes on what is left. */
export interface ImageBudget {
  /** Numbers that the files become. */
  numbers: number;
  /** Pixels of the files themselves. */
  pixels: number;
}

export function imageBudget(): ImageBudget {
  return { numbers: limits.decodedNumbers, pixels: limits.sourcePixels };
}

/** `decodeImageFiles`, in whatever thread. */
export type DecodeImages = (
  features: readonly ImageFeature[],
  rows: unknown[],
  left: ImageBudget,
) => Promise<DecodedRows>;

/**
 * Decodes PNG and JPEG files in rows from outside, given as base64 or as `data:` URLs, to the numbers that an IMAGE
 * feature holds, as `Pixels`: 0 to 255, as the file shows the picture (its orientation applied), in grey (one channel), red, green and
 * blue (three; transparency is dropped), or these and opacity (four). What is no string is left as it is.
 *
 * This happens once, before anything is stored: a later release of the decoder may round another way, and must not change
 * what a dataset holds or which digest it has.
 *
 * It is work for a thread of its own; see `Intake.decode`.
 */
export async function decodeImageFiles(
  features: readonly ImageFeature[],
  rows: unknown,
  budget = imageBudget(),
): Promise<DecodedRows> {
  const images = features.filter(({ type }) => describedType(type).takesFiles);
  const faults = new Map<string, ValueFault>();
  const faultOf: DecodedRows["faultOf"] = (row, feature) => faults.get(`${row} ${feature}`);
  const release = () => {};
  if (images.length === 0 || !Array.isArray(rows)) return { rows, faultOf, left: budget, release };
  const left = { ...budget };
  const decoded: unknown[] = [];
  for (const [index, row] of rows.entries()) {
    const pixels: [string, Pixels][] = [];
    for (const feature of images) {
      const file = fileIn(row, feature.name);
      // Files beyond are left as they are: no more problems than these are listed.
      if (file === undefined || faults.size === limits.rowProblems) continue;
      left.numbers -= feature.shape.reduce((product, length) => product * length, 1);
      const answer = left.numbers < 0 ? tooMany : await decodeImageText(file, feature, left);
      if ("code" in answer) faults.set(`${index} ${feature.name}`, answer);
      else pixels.push([feature.name, answer.pixels]);
    }
    decoded.push(pixels.length > 0 ? { ...(row as object), ...Object.fromEntries(pixels) } : row);
  }
  return { rows: decoded, faultOf, left, release };
}

const tooMany: ValueFault = {
  code: "TOO_LONG",
  message: `the image files of this request become more than ${count(limits.decodedNumbers)} numbers: send fewer rows at once.`,
};

const tooManyPixels: ValueFault = {
  code: "TOO_LONG",
  message: `the image files of this request have more than ${count(limits.sourcePixels)} pixels: send fewer or smaller ones at once.`,
};

function fileIn(row: unknown, feature: string): string | undefined {
  if (typeof row !== "object" || row === null || !Object.hasOwn(row, feature)) return undefined;
  const value = (row as Record<string, unknown>)[feature];
  return typeof value === "string" ? value : undefined;
}

/** By their first bytes: nothing else reaches the decoder, which knows many formats, some of which read other files. */
const formats = {
  PNG: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  JPEG: [0xff, 0xd8, 0xff],
} as const;

/**
 * Decodes a PNG or JPEG file that is given as text: in base64, or as a `data:` URL.
 *
 * @param left what all files together may still hold; what this one holds is taken off it. Default: no bound.
 */
export async function decodeImageText(
  text: string,
  feature: ImageFeature,
  left?: { pixels: number },
): Promise<{ pixels: Pixels } | ValueFault> {
  const fault = channelFault(feature);
  if (fault) return fault;
  const bytes = bytesOf(text);
  if (bytes) return decodeImage(bytes, feature, left);
  const message = `must be numbers of shape ${shownShape(feature.shape)}, or a PNG or JPEG file in base64; got ${shown(text)}.`;
  return { code: "BAD_TYPE", message };
}

/** Images of other shapes are given as numbers. */
function channelFault({ shape }: ImageFeature): ValueFault | undefined {
  const [, , channels = 0] = shape;
  if ([1, 3, 4].includes(channels)) return undefined;
  const message = `image files have 1, 3 or 4 channels, and this feature has ${channels}: give its numbers instead.`;
  return { code: "SHAPE_MISMATCH", message };
}

function formatOf(bytes: Uint8Array): string | undefined {
  return Object.entries(formats).find(([, magic]) => magic.every((byte, index) => bytes[index] === byte))?.[0];
}

/**
 * Decodes one PNG or JPEG file, as `decodeImageFiles` does.
 *
 * @param left what all files together may still hold; what this one holds is taken off it. Default: no bound.
 */
export async function decodeImage(
  bytes: Buffer,
  feature: ImageFeature,
  left?: { pixels: number },
): Promise<{ pixels: Pixels } | ValueFault> {
  const { shape, resize } = feature;
  const [height = 0, width = 0, channels = 0] = shape;
  const fault = channelFault(feature);
  if (fault) return fault;
  const format = formatOf(bytes);
  if (format === undefined)
    return { code: "BAD_TYPE", message: "must be a PNG or JPEG file; these bytes are neither." };
  const unreadable: ValueFault = { code: "BAD_TYPE", message: `is a damaged ${format} file.` };
  const open = await decoder();
  const measured = async (): Promise<ValueFault | undefined> => {
    const size = sizeOf(await open(bytes, false).metadata());
    if (size.width * size.height > limits.imagePixels) {
      const message = `holds ${count(size.width)} by ${count(size.height)} pixels; at most ${count(limits.imagePixels)}.`;
      return { code: "OUT_OF_RANGE", message };
    }
    if (resize === undefined && (size.height !== height || size.width !== width)) {
      const message = `is ${size.height} high and ${size.width} wide, not ${height} and ${width}; declare resize to take it.`;
      return { code: "SHAPE_MISMATCH", message };
    }
    if (left) left.pixels -= size.width * size.height;
    return left && left.pixels < 0 ? tooManyPixels : undefined;
  };
  try {
    // Where the pixels are not counted, only what does not become what it should is measured.
    const wrong = left && (await measured());
    if (wrong) return wrong;
    const image = withChannels(resized(open(bytes, limits.imagePixels).autoOrient(), feature), channels);
    const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    if (info.width === width && info.height === height && info.channels === channels)
      return { pixels: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  } catch (error) {
    if (error instanceof PlatformError) throw error;
  }
  return (left ? undefined : await measured().catch(() => undefined)) ?? unreadable;
}

/** The size of the picture in a PNG or JPEG file, as it is shown; undefined for a file that is neither, or damaged. */
export async function imageSize(
  bytes: Buffer,
): Promise<{ width: number; height: number; channels: number } | undefined> {
  if (formatOf(bytes) === undefined) return undefined;
  const open = await decoder();
  const metadata = await open(bytes, false)
    .metadata()
    .catch(() => undefined);
  return metadata && { ...sizeOf(metadata), channels: metadata.channels ?? 3 };
}

/** The size of the picture as it is shown; in the file it may be rotated. */
function sizeOf({ autoOrient, width, height }: Metadata): { width: number; height: number } {
  return autoOrient ?? { width, height };
}

const fits = { STRETCH: "fill", CROP: "cover", PAD: "contain" } as const;

function resized(image: Sharp, { shape: [height, width], resize }: ImageFeature): Sharp {
  if (resize === undefined) return image;
  return image.resize({ width, height, fit: fits[resize], background: { r: 0, g: 0, b: 0, alpha: 1 } });
}

function withChannels(image: Sharp, channels: number): Sharp {
  const opaque = channels === 4 ? image.ensureAlpha(1) : image.removeAlpha();
  return opaque.toColourspace(channels === 1 ? "b-w" : "srgb");
}

/** Undefined for what is not base64, with or without `data:image/…;base64,` before it. */
function bytesOf(text: string): Buffer | undefined {
  const encoded = /^data:image\/(?:png|jpeg|jpg);base64,/i.exec(text);
  const base64 = encoded ? text.slice(encoded[0].length) : text;
  // Node's decoder skips characters that are not base64.
  if (base64 === "" || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return undefined;
  return Buffer.from(base64, "base64");
}

type OpenImage = (bytes: Buffer, limitInputPixels: number | false) => Sharp;

let loaded: Promise<OpenImage> | undefined;

/** Loaded with the first file, so that other servers do without it. Reading the size needs no limit. */
function decoder(): Promise<OpenImage> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<OpenImage> {
  const { default: sharp } = await import("sharp").catch((cause: unknown) => {
    throw new PlatformError("UNSUPPORTED", "Image files cannot be decoded on this host.", {}, { cause });
  });
  // Each file is decoded once, and the platform's parallelism is processes.
  sharp.cache(false);
  sharp.concurrency(1);
  return (bytes, limitInputPixels) => sharp(bytes, { limitInputPixels, failOn: "warning" });
}
