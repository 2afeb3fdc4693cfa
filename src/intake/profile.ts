import type { Feature } from "../language/datasets/dataset.js";
import { compareSketches, type Drift } from "../profile/drift/compare.js";
import { type Facts, factsOf } from "../profile/facts.js";
import { type DatasetProfile, describeSketch } from "../profile/profile.js";
import { mergeSketches, sketchTable, type TableSketch } from "../profile/sketches/feature-sketch.js";
import { decodeSketch, encodeSketch } from "../profile/stored-sketch.js";
import { readSegment } from "../segments/segment.js";

/** What is known of the values of a segment, as it is stored beside it. */
export interface SegmentProfile {
  facts: Facts;
  /** See `encodeSketch`. */
  sketch: Uint8Array;
}

export function segmentProfile(sketch: TableSketch): SegmentProfile {
  return { facts: factsOf(sketch), sketch: encodeSketch(sketch) };
}

/** The profile of a segment that was stored without one. */
export async function profileSegment(features: readonly Feature[], segment: Uint8Array): Promise<SegmentProfile> {
  return segmentProfile(sketchTable(features, await readSegment(features, segment)));
}

/** Stored sketches, in the order of their rows, merged into one. */
export function mergeStored(sketches: readonly Uint8Array[]): Uint8Array {
  const [only] = sketches;
  return only && sketches.length === 1 ? only : encodeSketch(merged(sketches));
}

export function describeStored(sketch: Uint8Array): DatasetProfile {
  return describeSketch(decodeSketch(sketch));
}

export function compareStored(reference: Uint8Array, current: Uint8Array): Drift {
  return compareSketches(decodeSketch(reference), decodeSketch(current));
}

const merged = (sketches: readonly Uint8Array[]): TableSketch => sketches.map(decodeSketch).reduce(mergeSketches);
