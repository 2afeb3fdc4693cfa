import { float, integer, largeInteger, listOf, nullable, object, shape, text, type ValueOf } from "../fields/shape.js";

/** How many top values and bins a profile has. */
export const mostTopValues = 20;
export const histogramBins = 20;
export const profiledProbabilities = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const;

const quantile = shape("ProfileQuantile", "A quantile of a feature's numbers.", {
  probability: float("The share of the numbers that are at most this one."),
  value: float("The number."),
});

const histogram = shape("ProfileHistogram", "How many values lie where.", {
  edges: listOf(float("Where the bins begin, and where the last one ends."), histogramBins + 1),
  counts: listOf(largeInteger("Values in each bin."), histogramBins),
});

const topValue = shape("ProfileValue", "A frequent value.", {
  value: text("The value, as text; of a long text the beginning."),
  count: largeInteger("Rows, or elements of sequences, that have it."),
});

/** What the values of a feature look like, without its type. */
export const featureProfile = shape(
  "FeatureProfile",
  "What the values of one feature look like. Numbers are those of NUMBER and TIMESTAMP (seconds since 1970), BINARY as 0 and 1, and all elements of vectors, images and sequences.",
  {
    name: text("The feature's name."),
    missing: integer("Rows without a value."),
    distinct: nullable(
      integer(
        "Different values: exact up to 256, estimated to about 2 percent beyond. Null for vectors, images and sequences of numbers.",
      ),
    ),
    mean: nullable(float("Mean of its numbers; null where it has none.")),
    standardDeviation: nullable(float("Standard deviation of its numbers (the population's).")),
    minimum: nullable(float("The least number.")),
    maximum: nullable(float("The greatest number.")),
    quantiles: listOf(
      object(quantile, "Quantiles of its numbers: exact for up to 1,000 rows, else to about 0.2 percent of the ranks."),
      profiledProbabilities.length,
    ),
    histogram: nullable(object(histogram, "Its numbers in 20 bins of equal width; null where it has none.")),
    topValues: listOf(
      object(topValue, "Its most frequent values, at most 20, the most frequent first."),
      mostTopValues,
    ),
    meanLength: nullable(float("TEXT: characters, SEQUENCE: elements, on average. Otherwise null.")),
  },
);
export type FeatureProfileNumbers = ValueOf<typeof featureProfile>;
