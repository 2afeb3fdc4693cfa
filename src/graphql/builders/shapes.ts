import { type ClassType, Field, Float, Int, ObjectType } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { Int64Scalar, JSONScalar } from "../../entities/scalars.js";
import type { Shape, ShapeField } from "../../language/fields/shape.js";
import type { Decorator } from "./method.js";

const scalars = { INT: Int, INT64: Int64Scalar, FLOAT: Float, TEXT: String, JSON: JSONScalar } as const;

const types = new Map<Shape, ClassType>();

/** The object type of a shape; the same for each shape. */
export function typeOf(of: Shape): ClassType {
  const known = types.get(of);
  if (known) return known;
  @ObjectType(of.name, { description: of.doc })
  class Shaped {}
  types.set(of, Shaped);
  addShape(Shaped, of);
  return Shaped;
}

const outputOf = (type: ShapeField["type"]) => (typeof type === "string" ? scalars[type] : typeOf(type));

/** Adds the fields of a shape to an object type that has others beside them. */
export function addShape(target: ClassType, { fields }: Shape): void {
  for (const [name, { type, doc, isNullable, length }] of Object.entries(fields)) {
    const output = outputOf(type);
    const decorators: Decorator[] = [
      Field(() => (length === undefined ? output : [output]), { nullable: isNullable, description: doc }),
      ...(length === undefined ? [] : [Cost({ length })]),
    ];
    for (const decorate of decorators) decorate(target.prototype, name, undefined);
  }
}
