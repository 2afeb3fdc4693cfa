import { coerceInputValue, GraphQLInputObjectType, parseValue, valueFromAST } from "graphql";
import { expect, test } from "vitest";
import { createSchema } from "../../src/graphql/schema.js";
import { layerTypes } from "../../src/language/layers/layers.js";

const layerInput = createSchema().getType("LayerInput");
if (!(layerInput instanceof GraphQLInputObjectType)) throw new Error("there is no LayerInput");

test("every layer that the declared language has can be sent, and no other", () => {
  expect(new Set(Object.keys(layerInput.getFields()))).toEqual(new Set(layerTypes));
});

const written: [string, object][] = [
  ["{conv2d: {filters: 4, kernelSize: 3}}", { conv2d: { filters: 4, kernelSize: [3] } }],
  ["{conv2d: {filters: 4, kernelSize: [3, 5]}}", { conv2d: { filters: 4, kernelSize: [3, 5] } }],
  ["{maxPooling1d: {poolSize: 2, padding: SAME}}", { maxPooling1d: { poolSize: [2], padding: "SAME" } }],
  ["{zeroPadding1d: {padding: [1, 2]}}", { zeroPadding1d: { padding: [1, 2] } }],
  ["{zeroPadding2d: {padding: 2}}", { zeroPadding2d: { padding: [[2]] } }],
  ["{zeroPadding2d: {padding: [1, 2]}}", { zeroPadding2d: { padding: [[1], [2]] } }],
  ["{zeroPadding2d: {padding: [[1, 2], 3]}}", { zeroPadding2d: { padding: [[1, 2], [3]] } }],
];

const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

test.each(written)("%s is one number for every axis or one an axis, as in Keras", (text, expected) => {
  expect(plain(valueFromAST(parseValue(text), layerInput))).toEqual(expected);
});

test("variables may leave out the lists too", () => {
  const sent = { conv2d: { filters: 4, kernelSize: 3 } };
  expect(plain(coerceInputValue(sent, layerInput))).toEqual({ conv2d: { filters: 4, kernelSize: [3] } });
});
