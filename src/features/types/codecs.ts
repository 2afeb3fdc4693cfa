import type { FeatureType, TargetType } from "../../language/datasets/feature-types.js";
import { binary } from "./binary.js";
import { category } from "./category.js";
import type { Codec, NumberStore, SequenceStore, TargetCodec } from "./codec.js";
import { image } from "./image.js";
import { labels } from "./labels.js";
import { number } from "./number.js";
import { sequence } from "./sequence.js";
import { text } from "./text.js";
import { timestamp } from "./timestamp.js";
import { vector } from "./vector.js";

/** The codec of each feature type. */
export const codecs: Record<FeatureType, Codec> & Record<TargetType, TargetCodec<NumberStore | SequenceStore>> = {
  NUMBER: number,
  BINARY: binary,
  CATEGORY: category,
  LABELS: labels,
  VECTOR: vector,
  IMAGE: image,
  TEXT: text,
  SEQUENCE: sequence,
  TIMESTAMP: timestamp,
};
